/** Graphs as a processor and as a GPU like them: written differently, the same numbers. */
import { expect, it } from 'vitest';
import { emulate } from '../../../../activities/engine/graph/emulate.js';
import { fusedNames } from '../../../../activities/engine/graph/fusedOperators.js';
import { lower } from '../../../../activities/engine/graph/lower.js';
import { inHalfPrecision } from '../../../../activities/engine/graph/precision.js';
import {
  cachePreferences,
  kernelPreferences,
  type Preferences,
} from '../../../../activities/engine/graph/preferences.js';
import { devices } from '../../../../activities/engine/ort/devices.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { gradientGraph, supervisedObjective } from '../../../../activities/engine/training/graphs.js';
import { relativeError } from '../../../reference/fixtures.js';
import { parameterFeeds, runOnce } from '../runGraph.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';

// A vocabulary that is cut into slices, and matrices that are transposed first, where a processor likes it.
const config = { ...tinyConfig, vocab_size: 6_400, hidden_size: 160, intermediate_size: 192, num_attention_heads: 10 };
// Written for half precision, but not put into it.
const graphs = [cachePreferences, kernelPreferences].map((preferences: Preferences) =>
  gradientGraph(supervisedObjective(config, undefined, { preferences, precision: 'bfloat16' })),
);

it('has the same gradients in either way', async () => {
  const parameters = randomParameters(config, 0.05);
  const sequences = [
    { prompt: [5, 3_199], answer: [3_200, 6_399, 0, 7, 7] },
    { prompt: [1], answer: [2, 3, 4_000] },
  ];
  const feeds = { ...parameterFeeds(parameters), ...supervisedFeeds(sequences, 8) };
  const [cpu, gpu] = await Promise.all(
    graphs.map(({ graph }) => runOnce({ graph: lower(graph, new Set(fusedNames)) }, feeds)),
  );
  if (!cpu || !gpu) throw new Error('a graph is missing');
  expect(cpu.size).toBeGreaterThan(parameters.size);
  for (const [name, { data }] of cpu) expect(relativeError(gpu.get(name)?.data ?? [], data), name).toBeLessThan(1e-6);
});

it('transposes no operand and slices no vocabulary on a GPU', () => {
  const [cpu, gpu] = graphs.map(({ graph }) => {
    const count = (operator: string) => graph.nodes.filter((node) => node.operator === operator).length;
    const products = count('MatMul') + count('FusedMatMul');
    return { transposes: count('Transpose'), scatters: count('ScatterND'), products, nodes: graph.nodes.length };
  });
  expect(gpu?.transposes).toBeLessThan(cpu?.transposes ?? 0);
  expect(gpu?.scatters).toBeLessThan(cpu?.scatters ?? 0);
  expect(gpu?.nodes).toBeLessThan(cpu?.nodes ?? 0);
  // In each of two layers, of seven projections with a product forward and two backward, three are parts of others; and each of
  // five norms has a product in its gradient, where it is not an operator of its own.
  expect(cpu && gpu && cpu.products - gpu.products).toBe(2 * 3 * 3 + 5);
});

it('is written in plain operators in half precision too, where a device lacks ours', async () => {
  const written = graphs[1];
  if (!written) throw new Error('a graph is missing');
  const half = inHalfPrecision(written.graph, { type: 'bfloat16' });
  expect(half.nodes.some(({ domain }) => domain === 'reft.bfloat16')).toBe(true);
  const lowered = emulate(lower(half, new Set(fusedNames)), devices.cpu.lackingInHalf);
  expect(lowered.nodes.some(({ domain }) => domain.startsWith('reft'))).toBe(false);
  const feeds = {
    ...parameterFeeds(randomParameters(config, 0.05)),
    ...supervisedFeeds([{ prompt: [5, 3_199], answer: [3_200, 6_399, 0, 7, 7] }], 5),
  };
  const [plain, found] = [
    await runOnce({ graph: lower(written.graph, new Set(fusedNames)) }, feeds),
    await runOnce({ graph: lowered }, feeds),
  ];
  for (const [name, { data }] of plain)
    expect(relativeError(found.get(name)?.data ?? [], data), name).toBeLessThan(0.05);
});

it('joins no projections in float32, nor such as have adapters', () => {
  const lora = { rank: 2, alpha: 4, targetModules: 'all-linear' } as const;
  const splits = [
    supervisedObjective(config, undefined, { preferences: kernelPreferences }),
    supervisedObjective(config, lora, { preferences: kernelPreferences, precision: 'bfloat16' }),
    supervisedObjective(config, undefined, { preferences: kernelPreferences, precision: 'bfloat16' }),
  ].map(({ graph }) => graph.nodes.filter(({ operator }) => operator === 'Split').length);
  expect(splits).toEqual([0, 0, 4]);
});
