/** A process of its own that takes training steps and prints, as JSON, its peak memory and what was expected. Run by memory.integration.test.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaConfig } from '../../../../activities/engine/models/index.js';
import { addAdapters } from '../../../../activities/engine/tasks/addAdapters.js';
import { initialise } from '../../../../activities/engine/tasks/initialise.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { updateGraph } from '../../../../activities/engine/training/graphs.js';
import { memoryModel } from '../../../../activities/engine/training/memory.js';
import { buildObjective } from '../../../../activities/engine/training/objectives.js';
import { stepGraphs, stepMemory, stepNeed } from '../../../../activities/engine/training/stepMemory.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import { trainingWithin } from '../support/budget.js';

const { config, rows, prompt, answer, rank }: StepRequest = JSON.parse(process.argv[2] ?? '');

export interface StepRequest {
  readonly config: LlamaConfig;
  readonly rows: number;
  readonly prompt: number;
  readonly answer: number;
  /** Of LoRA on every linear layer; 0 trains every weight. */
  readonly rank: number;
}

/** In bytes. */
export interface StepMeasures {
  /** What the step took besides what was there, and what the graph says that it takes. */
  readonly measured: number;
  readonly expected: number;
  /** The whole process at its peak, and what a run would say of it beforehand. */
  readonly peak: number;
  readonly planned: number;
  /** By how much two steps left the process larger. */
  readonly grown: number;
}

const quiet = { onProgress: () => undefined, isCancelled: () => false };
const options = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 } as const;
const folder = await mkdtemp(join(tmpdir(), 'reft-step-'));
const { files: base } = await initialise({ config, seed: 0, outputDirectory: folder }, quiet);
const lora = { rank, alpha: 2 * rank, targetModules: 'all-linear' } as const;
const files =
  rank > 0 ? (await addAdapters({ model: base, lora, seed: 0, outputDirectory: folder }, quiet)).files : base;
const training = { objective: 'supervised', config, lora: files.adapters?.lora } as const;
const trainer = await createTrainer(training, files, options, undefined, trainingWithin(Number.POSITIVE_INFINITY));
const tokens = (count: number): number[] => Array.from({ length: count }, (_, index) => 2 + (index % 17));
const sequences = Array.from({ length: rows }, () => ({ prompt: tokens(prompt), answer: tokens(answer) }));
const loaded = process.memoryUsage.rss();
const groups = trainer.split(sequences);
const small = supervisedFeeds([{ prompt: [2], answer: [3] }], groups.length);
// Sessions, threads and moments are there before; activations are what a step on the real batch adds.
await trainer.step(
  groups.map(() => small),
  1e-3,
);
const before = process.memoryUsage.rss();
const microBatches = groups.map((group) =>
  supervisedFeeds(
    group.flatMap((row) => sequences[row] ?? []),
    rows * answer,
  ),
);
await trainer.step(microBatches, 1e-3);
const peak = process.resourceUsage().maxRSS * 1024;
const measured = peak - before;
const grown = process.memoryUsage.rss() - loaded;
const time = prompt + answer - 1;
const sizes = { batch: rows, time, tokens: rows * time, answers: rows * answer };
const modelGraph = updateGraph(buildObjective(training), options);
const expected = memoryModel(modelGraph.graph)(sizes);
const planned = stepNeed(
  sequences,
  stepMemory(stepGraphs(training, modelGraph), trainingWithin(Number.POSITIVE_INFINITY)),
).bytes;
await rm(folder, { recursive: true });
console.log(JSON.stringify({ measured, expected, peak, planned, grown } satisfies StepMeasures));
