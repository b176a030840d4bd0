/** Layers computed again in the backward, attention in blocks: the same gradients, in less memory. */
import { describe, expect, it } from 'vitest';
import { createInPlaceSession } from '../../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { memoryModel } from '../../../../activities/engine/training/memory.js';
import { buildGradients, type Training } from '../../../../activities/engine/training/objectives.js';
import { runWithMetrics } from '../../../../activities/engine/training/runGraph.js';
import type { ComputeSettings } from '../../../../activities/engine/weights/modelFiles.js';
import { relativeError } from '../../../reference/fixtures.js';
import { parameterFeeds } from '../runGraph.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';

const config = { ...tinyConfig, num_hidden_layers: 6 };
const lora = { rank: 2, alpha: 4, targetModules: 'all-linear' } as const;
const sequences = [9, 4, 14].map((length) => ({
  prompt: [2, 3, 4],
  answer: Array.from({ length }, (_, place) => 2 + ((length + 3 * place) % 20)),
}));

async function gradientsOf(training: Training) {
  const modelGraph = buildGradients(training);
  const session = await createInPlaceSession(modelGraph.graph);
  const weights = randomParameters(config);
  const adapters = modelGraph.parameters.filter(([name]) => !weights.has(name));
  const filled = adapters.map(([name, shape], index) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).map((_, place) => 0.1 * Math.sin(place + index));
    return [name, { shape, data }] as const;
  });
  const results = modelGraph.parameters.map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    return [`updated.g.${name}`, float32(data, shape)] as const;
  });
  const feeds = { ...parameterFeeds(weights), ...parameterFeeds(new Map(filled)), ...supervisedFeeds(sequences, 27) };
  const { loss } = await runWithMetrics(modelGraph, session, feeds, Object.fromEntries(results));
  await session.release();
  const gradients = new Map(results.map(([name, { data }]) => [name, data as Float32Array]));
  return { loss, gradients, graph: modelGraph.graph };
}

const again: ComputeSettings = { precision: 'float32', recompute: true, attentionInBlocks: false };
const inBlocks: ComputeSettings = { ...again, recompute: false, attentionInBlocks: true };
const both: ComputeSettings = { ...inBlocks, recompute: true };

describe.each([
  ['every weight', { objective: 'supervised', config }],
  ['LoRA', { objective: 'supervised', config, lora }],
  ['a reward model', { objective: 'rewardModel', config }],
] as const)('%s', (_, training) => {
  it.skipIf(training.objective === 'rewardModel')('has the same gradients', async () => {
    const kept = await gradientsOf(training);
    expect(kept.gradients.size).toBeGreaterThan(40);
    for (const [compute, bound] of [
      [again, 1e-6],
      [inBlocks, 1e-5],
      [both, 1e-5],
    ] as const) {
      const found = await gradientsOf({ ...training, compute });
      expect(relativeError([found.loss ?? Number.NaN], [kept.loss ?? 0])).toBeLessThan(1e-6);
      for (const [name, gradient] of kept.gradients)
        expect(relativeError(found.gradients.get(name) ?? [], gradient), name).toBeLessThan(bound);
    }
  });

  it('takes less memory the deeper the model is', () => {
    const sizes = { batch: 8, time: 512, tokens: 4096, answers: 2048, blocks: 4 };
    const ratio = (layers: number, compute = again): number => {
      const deep = { ...training, config: { ...config, num_hidden_layers: layers } };
      const bytes = (settings?: ComputeSettings) =>
        memoryModel(buildGradients({ ...deep, compute: settings }).graph)(sizes);
      return bytes(compute) / bytes();
    };
    expect(ratio(6)).toBeLessThan(0.5);
    expect(ratio(24)).toBeLessThan(0.2);
    expect(ratio(6, both)).toBeLessThan(0.7 * ratio(6));
  });
});
