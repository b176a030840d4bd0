/** A process of its own that takes rounds of policy training and prints, as JSON, its peak memory and what was announced. Run by memory.integration.test.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaConfig } from '../../../../activities/engine/models/index.js';
import type { AlgorithmName } from '../../../../activities/engine/rl/index.js';
import { addAdapters } from '../../../../activities/engine/tasks/addAdapters.js';
import { initialise } from '../../../../activities/engine/tasks/initialise.js';
import { planTraining } from '../../../../activities/engine/tasks/planTraining.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';

const {
  config,
  algorithm: name,
  rollouts: count,
  miniBatch,
  prompt,
  answer,
  rank,
}: PolicyRequest = JSON.parse(process.argv[2] ?? '');

export interface PolicyRequest {
  readonly config: LlamaConfig;
  readonly algorithm: AlgorithmName;
  readonly rollouts: number;
  readonly miniBatch: number;
  readonly prompt: number;
  readonly answer: number;
  /** Of LoRA on every linear layer; 0 trains every weight. */
  readonly rank: number;
}

/** In bytes: the whole process at its peak, and what a run would say of it beforehand. */
export interface PolicyMeasures {
  readonly peak: number;
  readonly planned: number;
}

const quiet = { onProgress: () => undefined, isCancelled: () => false };
const folder = await mkdtemp(join(tmpdir(), 'reft-policy-'));
const lora = { rank, alpha: 2 * rank, targetModules: 'all-linear' } as const;

async function start(name: string): Promise<ModelFiles> {
  const { files: model } = await initialise({ config, seed: 0, outputDirectory: join(folder, name) }, quiet);
  if (rank === 0) return model;
  const adding = { model, lora, seed: 0, outputDirectory: join(folder, `${name}-adapted`) };
  return (await addAdapters(adding, quiet)).files;
}

const tokens = (length: number): number[] => Array.from({ length }, (_, index) => 2 + (index % 17));
const rollouts = Array.from({ length: count }, (_, index) => ({
  prompt: tokens(prompt),
  answer: tokens(answer),
  logProbs: new Array<number>(answer).fill(-1),
  reward: index % 2,
  truncated: false,
  group: Math.floor(index / 4),
}));
const miniBatches = Array.from({ length: Math.ceil(count / miniBatch) }, (_, index) =>
  rollouts.map((_, rollout) => rollout).slice(index * miniBatch, (index + 1) * miniBatch),
);
const learningRates = miniBatches.map(() => 1e-4);
const optimiser = {
  name: 'adamw',
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
  learningRates,
} as const;
const algorithm = { name, klCoefficient: 0.05 };

const reference = await start('reference');
let model = rank > 0 ? reference : await start('policy');
// Two rounds: in the second, scoring meets what the first's steps have left.
for (const round of [1, 2]) {
  const outputDirectory = join(folder, `round-${round}`);
  const input = { model, reference, rollouts, miniBatches, optimiser, algorithm, maxAnswerTokens: answer };
  const { files } = await trainPolicy({ ...input, outputDirectory }, quiet);
  model = files;
}
const peak = process.resourceUsage().maxRSS * 1024;
const sizes = { sequences: miniBatch, promptTokens: prompt, answerTokens: answer };
const planned = { name, objective: 'policy', algorithm, optimiser, ...sizes } as const;
const plan = await planTraining({ config, ...(rank > 0 ? { lora } : {}), steps: [planned] }, quiet);
await rm(folder, { recursive: true });
console.log(JSON.stringify({ peak, planned: plan.steps[0]?.bytes ?? 0 } satisfies PolicyMeasures));
