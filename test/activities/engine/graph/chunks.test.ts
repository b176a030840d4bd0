/** AdamW in chunks: the same bits as on whole arrays, in place, and the same where a device lacks the operator Scan. */
import { describe, expect, it } from 'vitest';
import { inChunks } from '../../../../activities/engine/graph/chunks.js';
import { createGraph, type Graph, input, output } from '../../../../activities/engine/graph/graph.js';
import { lower } from '../../../../activities/engine/graph/lower.js';
import { add, multiply, sqrt } from '../../../../activities/engine/graph/operators.js';
import { globalNorm } from '../../../../activities/engine/optim/clipping.js';
import { createOptimiser, type OptimiserSettings } from '../../../../activities/engine/optim/index.js';
import type { RunMode } from '../../../../activities/engine/ort/devices.js';
import { createInPlaceSession, runInPlace } from '../../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { applyGraph } from '../../../../activities/engine/training/graphs.js';
import { memoryModel } from '../../../../activities/engine/training/memory.js';
import { relativeError } from '../../../reference/fixtures.js';

const settings: OptimiserSettings = {
  name: 'adamw',
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradNorm: 1,
};
const optimiser = createOptimiser(settings);
/** Three chunks; one; and one because its size has no good divisor. */
const shapes = [
  ['large', [1_536, 576]],
  ['small', [576]],
  ['odd', [2, 300_007]],
] as const;
const targets = shapes.map(([name, shape]) => ({ name, shape, rule: optimiser.ruleOf(name, shape) }));
const scans = ({ nodes }: Graph): number => nodes.filter(({ operator }) => operator === 'Scan').length;
const whole = (graph: Graph): Graph => lower(graph, new Set(['Scan']));

/** Millions of numbers between −scale and scale: sines of such arguments would take most of this file's time. */
const numbers = (size: number, scale: number, from = 0): Float32Array =>
  new Float32Array(size).map((_, index) => scale * ((Math.imul(from + index, 0x9e3779b1) >>> 0) / 2 ** 31 - 1));

/** Three updates of the same numbers; everything they change. */
async function updated(graph: Graph, mode: RunMode): Promise<Float32Array[]> {
  const session = await createInPlaceSession(graph, mode);
  const named = (prefix: string, scale: number) =>
    shapes.map(([name, dims]) => {
      const size = dims.reduce<number>((total, dimension) => total * dimension, 1);
      const data = numbers(size, scale, prefix.length);
      return [`${prefix}${name}`, float32(data, [...dims])] as const;
    });
  const state = Object.fromEntries([...named('', 1), ...named('m.', 0), ...named('v.', 0)]);
  const gradients = Object.fromEntries(named('g0.', 0.1));
  const norm = float32(new Float32Array(1), []);
  const results = Object.fromEntries(Object.entries(state).map(([name, tensor]) => [`updated.${name}`, tensor]));
  try {
    for (let step = 1; step <= 3; step++) {
      const scalars = Object.entries(optimiser.scalars(1e-3, step));
      const fed = Object.fromEntries(scalars.map(([name, value]) => [name, float32(Float32Array.of(value), [])]));
      await runInPlace(session, { ...state, ...gradients, ...fed }, { ...results, gradient_norm: norm });
    }
  } finally {
    await session.release();
  }
  return [...Object.values(state), norm].map(({ data }) => data as Float32Array);
}

describe('AdamW in chunks', () => {
  const { graph } = applyGraph(targets, settings);

  it('cuts large arrays that have chunks of a good size, no others', () => {
    expect(scans(graph)).toBe(1);
    expect(scans(whole(graph))).toBe(0);
  });

  it.each(['bound', 'copyBack'] as const)('gives the bits of the whole arrays, in place (%s)', async (mode) => {
    const [chunked, plain] = [await updated(graph, mode), await updated(whole(graph), mode)];
    expect(chunked.length).toBe(10);
    chunked.forEach((data, index) => {
      expect(Buffer.from(data.buffer).equals(Buffer.from(plain[index]?.buffer ?? new ArrayBuffer(0)))).toBe(true);
    });
    expect(chunked[0]?.slice(0, 3)).not.toEqual(Float32Array.of(0, 0, 0));
  });

  it('has the norm of twelve million numbers, which one float32 sum would not', async () => {
    const graph = createGraph();
    const shape = [6_000, 2_000];
    output(globalNorm([input(graph, 'x', 'float32', shape)]), 'norm');
    const data = numbers(12_000_000, 0.6);
    const norm = float32(new Float32Array(1), []);
    const session = await createInPlaceSession(graph);
    await runInPlace(session, { x: float32(data, shape) }, { norm });
    await session.release();
    const expected = Math.sqrt(data.reduce((total, value) => total + value * value, 0));
    expect(relativeError(norm.data as Float32Array, [expected])).toBeLessThan(1e-4);
  });

  it('holds no whole array in between', () => {
    const bytes = 1_536 * 576 * 4;
    expect(memoryModel(applyGraph(targets.slice(0, 1), settings).graph)({})).toBeLessThan(bytes);
    expect(memoryModel(whole(applyGraph(targets.slice(0, 1), settings).graph))({})).toBeGreaterThan(bytes);
  });
});

describe('a formula in chunks', () => {
  it('reads tensors of the outer graph, also its outputs', async () => {
    const graph = createGraph({ differentiable: false });
    const x = input(graph, 'x', 'float32', [4, 3]);
    const factor = sqrt(input(graph, 'factor', 'float32', []));
    output(factor, 'root');
    const { y } = inChunks({ x }, 2, ({ x: chunk }) => ({ y: add(multiply(chunk, factor), 1) }));
    output(y, 'y');
    for (const each of [graph, whole(graph)]) {
      const session = await createInPlaceSession(each, 'copyBack');
      const results = { y: float32(new Float32Array(12), [4, 3]), root: float32(new Float32Array(1), []) };
      const feeds = {
        x: float32(
          Float32Array.from({ length: 12 }, (_, i) => i),
          [4, 3],
        ),
        factor: float32(Float32Array.of(4), []),
      };
      await runInPlace(session, feeds, results);
      expect([...(results.y.data as Float32Array)]).toEqual(Array.from({ length: 12 }, (_, i) => 2 * i + 1));
      expect(results.root.data[0]).toBe(2);
      await session.release();
    }
  });

  it('is refused where the chunks would not be equal', () => {
    const x = input(createGraph(), 'x', 'float32', [4, 3]);
    expect(() => inChunks({ x }, 5, (chunk) => chunk)).toThrow('[4, 3] cannot be cut into 5 equal chunks');
  });
});
