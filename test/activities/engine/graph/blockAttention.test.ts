/** Attention in blocks of queries: the results and gradients of attention with a matrix of all scores, in less memory. */
import { describe, expect, it } from 'vitest';
import { queriesOfBlock } from '../../../../activities/engine/graph/blockAttention.js';
import { gradients } from '../../../../activities/engine/graph/gradients.js';
import { createGraph, type Graph, input, output } from '../../../../activities/engine/graph/graph.js';
import { multiply, reshape, sum } from '../../../../activities/engine/graph/operators.js';
import { inHalfPrecision } from '../../../../activities/engine/graph/precision.js';
import { causalAttention } from '../../../../activities/engine/models/causalAttention.js';
import type { AttentionSizes } from '../../../../activities/engine/models/languageModel.js';
import { memoryModel } from '../../../../activities/engine/training/memory.js';
import type { NamedTensor } from '../../../../activities/engine/weights/parameters.js';
import { at, required } from '../../../../activities/invariant.js';
import { relativeError } from '../../../reference/fixtures.js';
import { parameterFeeds, runOnce } from '../runGraph.js';

const attention = (window: number | null): AttentionSizes => ({
  layers: [{ rotary: null, window }],
  heads: 4,
  keyValueHeads: 2,
  size: 8,
});
const widths = { queries: 32, keys: 16, values: 16 } as const;
type Name = keyof typeof widths;
const names = Object.keys(widths) as Name[];

/** Σ weight · attention, and its gradients. */
function attentionGraph(inBlocks: boolean, window: number | null = null): Graph {
  const graph = createGraph();
  input(graph, 'shape', 'float32', ['batch', 'time']);
  const given = names.map((name) => input(graph, name, 'float32', ['batch', 'time', widths[name]]));
  const [queries, keys, values] = given.map((x) => reshape(x, ['batch*time', at(x.shape, 2)]));
  const { attend } = causalAttention(graph, attention(window), 'batch', 'time', { inBlocks });
  const result = attend(required(queries, 'q'), required(keys, 'k'), required(values, 'v'), 0);
  const weight = reshape(input(graph, 'weight', 'float32', ['batch', 'time', 32]), result.shape);
  const loss = sum(multiply(result, weight));
  output(reshape(result, ['batch', 'time', 32]), 'result');
  gradients(loss, given).forEach((gradient, index) => {
    output(gradient, `gradient of ${at(names, index)}`);
  });
  return graph;
}

function feedsOf(batch: number, time: number) {
  const tensorOf = (name: string, width: number): readonly [string, NamedTensor] => {
    const wave = (_: unknown, index: number): number => Math.sin(name.length + 0.37 * index + ((index * index) % 7));
    const data = Float32Array.from({ length: batch * time * width }, wave);
    return [name, { shape: [batch, time, width], data }];
  };
  const shape: NamedTensor = { shape: [batch, time], data: new Float32Array(batch * time) };
  const given = names.map((name) => tensorOf(name, widths[name]));
  return parameterFeeds(new Map([...given, tensorOf('weight', 32), ['shape', shape]]));
}

const lengths = [1, 5, queriesOfBlock - 1, queriesOfBlock, queriesOfBlock + 1, 2 * queriesOfBlock + 40];

describe('attention in blocks', () => {
  it.each(lengths.flatMap((time) => [null, 3, 150].map((window) => ({ time, window }))))(
    'has the results and gradients of attention at once: $time positions, window $window',
    async ({ time, window }) => {
      const feeds = feedsOf(2, time);
      const expected = await runOnce({ graph: attentionGraph(false, window) }, feeds);
      const found = await runOnce({ graph: attentionGraph(true, window) }, feeds);
      expect(found.size).toBe(4);
      for (const [name, { data }] of expected)
        expect(relativeError(required(found.get(name), name).data, data), name).toBeLessThan(2e-6);
    },
  );

  it('computes in a graph in half precision', async () => {
    const feeds = feedsOf(1, 200);
    const expected = await runOnce({ graph: attentionGraph(false) }, feeds);
    const found = await runOnce({ graph: inHalfPrecision(attentionGraph(true), { type: 'float16' }) }, feeds);
    for (const [name, { data }] of expected)
      expect(relativeError(required(found.get(name), name).data, data), name).toBeLessThan(5e-3);
  });

  it('takes memory that grows with the length, not its square', () => {
    const bytes = (inBlocks: boolean, time: number): number =>
      memoryModel(attentionGraph(inBlocks))({ batch: 1, time, blocks: Math.ceil(time / queriesOfBlock) });
    expect(bytes(false, 8_192) / bytes(false, 1_024)).toBeGreaterThan(50);
    expect(bytes(true, 8_192) / bytes(true, 1_024)).toBeLessThan(9);
  });
});
