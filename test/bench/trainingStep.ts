/**
 * One supervised training step (forward, backward, clipping, AdamW) against PyTorch eager on equal dense shapes: the same
 * weights, the same batch, no padding, every token predicted, the same number of threads.
 *
 * Both sides take turns in one run and the ratio compares their best steps: other work on the machine hurts PyTorch's threads,
 * which wait for each other, far more than ours, so medians flatter us there (`load` tells). Without `REFT_PEER_PYTHON` only our
 * side is measured.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { LlamaConfig, ModelFiles } from '../../activities/engine/api.js';
import { threads } from '../../activities/engine/runtime/session.js';
import { initialise } from '../../activities/engine/tasks/initialise.js';
import { supervisedFeeds } from '../../activities/engine/tasks/trainSupervised.js';
import { supervisedObjective } from '../../activities/engine/training/programs.js';
import { createTrainer } from '../../activities/engine/training/trainer.js';
import { type Peer, startPeer } from './peers/peer.js';
import { type BenchmarkResult, median, rounded } from './result.js';

/** What one benchmark of a training step runs. */
interface Workload {
  readonly name: string;
  readonly config: LlamaConfig;
  readonly batch: number;
  readonly time: number;
  readonly pairs: number;
  /** Equal on an idle machine is the least we promise at sizes that the machine's matrix products bound; less is noise. */
  readonly floor: number;
}

const warmUps = 3;
/** Lets the other side's threads stop spinning. */
const pauseMilliseconds = 100;

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  num_attention_heads: 4,
  num_key_value_heads: 4,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: 1,
  pad_token_id: 0,
} as const;

/** Bound by matrix products, as every larger model is. */
const tiny: Workload = {
  name: 'training-step',
  config: { ...llama, vocab_size: 512, hidden_size: 256, intermediate_size: 688, num_hidden_layers: 4 },
  batch: 32,
  time: 96,
  pairs: 12,
  floor: 0.9,
};

/** The demo's model and batch, where what surrounds the matrix products counts. */
const demo: Workload = {
  name: 'training-step-demo',
  config: { ...llama, vocab_size: 113, hidden_size: 64, intermediate_size: 160, num_hidden_layers: 2 },
  batch: 16,
  time: 47,
  pairs: 40,
  floor: 1,
};

const optimiser = { learningRate: 1e-3, beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };

const aboutSchema = z.object({ torch: z.string(), transformers: z.string() });
const stepSchema = z.object({ seconds: z.number(), loss: z.number() });
type Step = z.output<typeof stepSchema>;

export const benchTrainingStep = (): Promise<BenchmarkResult> => bench(tiny);
export const benchDemoTrainingStep = (): Promise<BenchmarkResult> => bench(demo);

async function bench(workload: Workload): Promise<BenchmarkResult> {
  const { config } = workload;
  const folder = await mkdtemp(join(tmpdir(), 'reft-bench-'));
  try {
    const tokens = randomTokens(workload);
    const { files } = await initialise(
      { config, seed: 0, outputDirectory: folder },
      { onProgress: () => undefined, isCancelled: () => false },
    );
    const job = join(folder, 'job.json');
    await writeFile(job, JSON.stringify({ config, parameters: files.parameters, tokens, optimiser, threads }));
    const ours = await createSide(config, files, tokens);
    const python = process.env.REFT_PEER_PYTHON;
    const peer = python ? await startPeer(python, 'train_step.py', [job]) : null;
    try {
      return await compare(workload, ours, peer);
    } finally {
      await peer?.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function createSide(
  config: LlamaConfig,
  files: ModelFiles,
  tokens: readonly (readonly number[])[],
): Promise<() => Promise<Step>> {
  const trainer = await createTrainer(
    { key: JSON.stringify(config), build: () => supervisedObjective(config) },
    files,
    optimiser,
  );
  const sequences = tokens.map(([first = 0, ...rest]) => ({ prompt: [first], answer: rest }));
  const feeds = supervisedFeeds(
    sequences,
    sequences.reduce((total, { answer }) => total + answer.length, 0),
  );
  return async () => {
    const started = performance.now();
    const { loss = Number.NaN } = await trainer.step([feeds], optimiser.learningRate);
    return { seconds: (performance.now() - started) / 1000, loss };
  };
}

async function compare(workload: Workload, ours: () => Promise<Step>, peer: Peer | null): Promise<BenchmarkResult> {
  const { name, config, batch, time, pairs, floor } = workload;
  const [load = 0] = loadavg();
  const ourSeconds: number[] = [];
  const peerSeconds: number[] = [];
  for (let step = 0; step < warmUps + pairs; step++) {
    await pause(pauseMilliseconds);
    const our = await ours();
    await pause(pauseMilliseconds);
    const their = peer && stepSchema.parse(await peer.step());
    if (their && Math.abs(our.loss - their.loss) > 1e-3 * their.loss)
      throw new Error(
        `step ${step}: our loss is ${our.loss}, PyTorch's ${their.loss}: the two do not do the same work`,
      );
    if (step < warmUps) continue;
    ourSeconds.push(our.seconds);
    if (their) peerSeconds.push(their.seconds);
  }
  const rate = (seconds: number): number => rounded((batch * time) / seconds);
  const shared = {
    name,
    ours: rate(Math.min(...ourSeconds)),
    unit: 'tokens/s',
    floor,
    batch,
    time,
    threads,
    load: rounded(load),
    hidden: config.hidden_size,
    layers: config.num_hidden_layers,
    vocabulary: config.vocab_size,
  };
  if (!peer) return { ...shared, note: 'set REFT_PEER_PYTHON to a Python with torch' };
  const { torch, transformers } = aboutSchema.parse(peer.about);
  const ratios = peerSeconds.map((seconds, pair) => seconds / (ourSeconds[pair] ?? Number.NaN));
  return {
    ...shared,
    peer: rate(Math.min(...peerSeconds)),
    ratio: rounded(Math.min(...peerSeconds) / Math.min(...ourSeconds)),
    medianOfPairs: rounded(median(ratios)),
    versions: `torch ${torch}, transformers ${transformers}`,
  };
}

/** `[batch, time + 1]` of made-up tokens, the same every time. */
function randomTokens({ config, batch, time }: Workload): number[][] {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 2 + ((state >>> 8) % (config.vocab_size - 2));
  };
  return Array.from({ length: batch }, () => Array.from({ length: time + 1 }, next));
}
