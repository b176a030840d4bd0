/** Lowered graphs compute the same: every operator that some device lacks, in each way our graphs use it. */
import { describe, expect, it } from 'vitest';
import { createGraph, type Graph, input, output } from '../../../../activities/engine/graph/graph.js';
import { lower } from '../../../../activities/engine/graph/lower.js';
import { logSoftmax, matmul } from '../../../../activities/engine/graph/operators.js';
import { devices } from '../../../../activities/engine/ort/devices.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { relativeError } from '../../../reference/fixtures.js';
import { runOnce } from '../runGraph.js';

const { lacking } = devices.webgpu;
const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => Math.sin(7 * index) * 3);

const transposes = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

/** The product of `[…, 2, 3]` and `[…, 3, 4]`, each stored transposed or not. */
function product(leading: readonly number[], options: (typeof transposes)[number], factor: number): Graph {
  const graph = createGraph();
  const a = input(graph, 'a', 'float32', [...leading, ...(options.transposeA ? [3, 2] : [2, 3])]);
  const b = input(graph, 'b', 'float32', [...leading, ...(options.transposeB ? [4, 3] : [3, 4])]);
  output(matmul(a, b, { ...options, alpha: factor }), 'y');
  return graph;
}

async function expectSame(graph: Graph): Promise<void> {
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => {
      const sizes = shape.map(Number);
      return [name, float32(numbers(sizes.reduce((a, b) => a * b, 1)), sizes)];
    }),
  );
  const lowered = lower(graph, lacking);
  expect(lowered.nodes.filter(({ operator }) => lacking.has(operator))).toEqual([]);
  const [expected, actual] = [await runOnce({ graph }, feeds), await runOnce({ graph: lowered }, feeds)];
  expect(relativeError(actual.get('y')?.data ?? [], expected.get('y')?.data ?? [])).toBeLessThan(1e-6);
}

describe('a graph lowered for a device that lacks operators', () => {
  it.each(transposes)('multiplies matrices (%o)', async (options) => {
    for (const leading of [[], [5], [2, 3]])
      for (const factor of [1, 0.5]) await expectSame(product(leading, options, factor));
  });

  it('takes the logarithm of a softmax, of large numbers too', async () => {
    const graph = createGraph();
    output(logSoftmax(matmul(input(graph, 'a', 'float32', [3, 2]), input(graph, 'b', 'float32', [2, 4]))), 'y');
    await expectSame(graph);
    const lowered = lower(graph, lacking);
    const feeds = { a: float32(numbers(6).fill(1e4), [3, 2]), b: float32(numbers(8), [2, 4]) };
    for (const value of (await runOnce({ graph: lowered }, feeds)).get('y')?.data ?? [Number.NaN])
      expect(Number.isFinite(value)).toBe(true);
  });

  it('is left as it is where nothing is lacking', () => {
    const graph = product([2], { transposeA: true, transposeB: true }, 2);
    expect(lower(graph, new Set(['Softmax']))).toBe(graph);
  });
});
