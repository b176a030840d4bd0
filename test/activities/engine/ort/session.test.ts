/** What all sessions have in common: numbers too small for a normal float32 are zero, in each of an operator's threads. */
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { createGraph, input, output, type Tensor } from '../../../../activities/engine/graph/graph.js';
import { multiply, softmax } from '../../../../activities/engine/graph/operators.js';
import { createInPlaceSession, runInPlace } from '../../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';

const rows = 20_000;

async function run(build: (x: Tensor) => Tensor, row: readonly number[]) {
  const graph = createGraph();
  output(build(input(graph, 'x', 'float32', ['rows', row.length])), 'y');
  const session = await createInPlaceSession(graph);
  const x = Float32Array.from({ length: rows * row.length }, (_, index) => row[index % row.length] ?? 0);
  const y = new Float32Array(x.length).fill(1);
  await runInPlace(session, { x: float32(x, [rows, row.length]) }, { y: float32(y, [rows, row.length]) });
  await session.release();
  return y;
}

it('takes numbers below 1.2e-38 for zero', async () => {
  const products = await run((x) => multiply(x, 1e-20), [1e-17, 1e-19, -1e-25]);
  expect(new Set(products)).toEqual(new Set([Math.fround(1e-37), 0]));
});

it('takes weights of a softmax below 1.2e-38 for zero', async () => {
  const weights = await run(softmax, [0, -80, -100, -1e9]);
  expect(new Set(weights)).toEqual(new Set([1, Math.fround(Math.exp(-80)), 0]));
});

it('does so in threads that are started later, as workerThreads are', async () => {
  const code = "require('node:worker_threads').parentPort.postMessage(Number.MIN_VALUE / 1 === 0)";
  const worker = new Worker(code, { eval: true });
  const isZero = await new Promise((resolve) => worker.once('message', resolve));
  expect(isZero).toBe(true);
});
