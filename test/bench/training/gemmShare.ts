/**
 * How much of the machine's matrix-product speed a training step of SmolLM2-135M reaches: floating-point operations of all matrix
 * products in the step's graph over its time, against the fastest large product that onnxruntime does on this machine.
 *
 * Steps and products take turns; both metrics are the best of their runs. Everything that is not a product (AdamW, norms, softmax,
 * the vocabulary's log-probabilities) lowers the share.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGraph, type Graph, input, output } from '../../../activities/engine/graph/graph.js';
import { matmul } from '../../../activities/engine/graph/operators.js';
import { createInPlaceSession, runInPlace } from '../../../activities/engine/ort/runInPlace.js';
import { threads } from '../../../activities/engine/ort/session.js';
import { float32 } from '../../../activities/engine/ort/tensors.js';
import { supervisedFeeds } from '../../../activities/engine/tasks/trainSupervised.js';
import { updateGraph } from '../../../activities/engine/training/graphs.js';
import { elementCount, type Sizes } from '../../../activities/engine/training/memory.js';
import { buildObjective } from '../../../activities/engine/training/objectives.js';
import { createTrainer } from '../../../activities/engine/training/trainer.js';
import { type BenchmarkResult, rounded } from '../result.js';
import { dense, smollm2 } from './workloads.js';

const name = 'training-135m-gemm-share';
const floor = 0.6;
const batch = 2;
const time = 160;
const steps = 6;
/** Rows and columns of the product that the peak is measured on. */
const size = 2_048;
const optimiser = { name: 'adamw', beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 } as const;

export async function benchGemmShare(): Promise<BenchmarkResult> {
  const unit = 'GFLOP/s';
  if (!process.env.REFT_SMOLLM2) return { name, ours: Number.NaN, unit, note: 'skipped: set REFT_SMOLLM2' };
  const [load = 0] = loadavg();
  const folder = await mkdtemp(join(tmpdir(), 'reft-bench-'));
  try {
    const { files, batches } = dense(await smollm2(folder, false), batch, time);
    const training = { objective: 'supervised', config: files.config } as const;
    const trainer = await createTrainer(training, files, optimiser);
    const feeds = supervisedFeeds(batches[0] ?? [], batch * time);
    const product = await largeProduct();
    let [stepSeconds, productSeconds] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let step = 0; step < steps; step++) {
      for (let repeat = 0; repeat < 3; repeat++) productSeconds = Math.min(productSeconds, await secondsOf(product));
      stepSeconds = Math.min(stepSeconds, await secondsOf(() => trainer.step([feeds], 1e-4)));
    }
    const { graph } = updateGraph(buildObjective(training), optimiser);
    const operations = productOperations(graph, { batch, time, tokens: batch * time, answers: batch * time });
    const [ours, peak] = [operations / stepSeconds, (2 * size ** 3) / productSeconds];
    return {
      name,
      ours: rounded(ours / 1e9),
      peer: rounded(peak / 1e9),
      ratio: rounded(ours / peak),
      floor,
      unit,
      stepSeconds: rounded(stepSeconds),
      threads,
      load: rounded(load),
      versions: `onnxruntime MatMul of ${size} × ${size}`,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1_000;
}

async function largeProduct(): Promise<() => Promise<void>> {
  const graph = createGraph();
  output(matmul(input(graph, 'a', 'float32', [size, size]), input(graph, 'b', 'float32', [size, size])), 'c');
  const session = await createInPlaceSession(graph);
  const matrix = () => float32(new Float32Array(size * size).fill(0.5), [size, size]);
  const [a, b, c] = [matrix(), matrix(), matrix()];
  return () => runInPlace(session, { a, b }, { c });
}

/** Two for each multiplication and addition of every matrix product that an output depends on. */
function productOperations(graph: Graph, sizes: Sizes): number {
  const used = new Set(graph.outputs.map(({ tensor }) => tensor.name));
  let operations = 0;
  for (const { operator, inputs, outputs, attributes } of [...graph.nodes].reverse()) {
    const [result] = outputs;
    if (!result || !used.has(result.name)) continue;
    for (const tensor of inputs) if (tensor) used.add(tensor.name);
    const [left] = inputs;
    if (!left || (operator !== 'MatMul' && operator !== 'FusedMatMul')) continue;
    const transposed = attributes.transA?.kind === 'int' && attributes.transA.value === 1;
    const inner = left.shape.at(transposed ? -2 : -1) ?? 1;
    operations += 2 * elementCount([...result.shape, inner], sizes);
  }
  return operations;
}
