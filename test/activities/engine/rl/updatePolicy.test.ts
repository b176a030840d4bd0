/** The task `trainPolicy` against PyTorch: from rollouts and rewards to the updated policy, every quantity its own. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EngineTasks } from '../../../../activities/engine/tasks/index.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { required } from '../../../../activities/invariant.js';
import { decodeTensors, ppoOf, readFixture, relativeError } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';

const fixture = readFixture('ppo');
const folder = await temporaryFolder();

describe('trainPolicy', () => {
  let output: EngineTasks['trainPolicy']['output'];
  const metricOf = (name: string): number => required(output.metrics[name], name);

  beforeAll(async () => {
    const { config, batch, miniBatches, optimiser } = fixture;
    const model = await writeModel(join(folder, 'policy.safetensors'), config, decodeTensors(fixture.parameters));
    const reference = await writeModel(join(folder, 'reference.safetensors'), config, decodeTensors(fixture.reference));
    const rollouts = fixture.rollouts.map((rollout, index) => ({
      ...rollout,
      group: index,
      truncated: false,
      logProbs: batch.logProbs[index] ?? [],
    }));
    const outputDirectory = join(folder, 'updated');
    const task = { model, reference, rollouts, miniBatches, optimiser, algorithm: ppoOf(fixture), maxAnswerTokens: 8 };
    output = await trainPolicy({ ...task, outputDirectory }, quietContext);
  });

  it('leaves the parameters that PyTorch leaves', async () => {
    const { tensors } = await readSafetensors(output.files.parameters);
    expect(output.files.step).toBe(fixture.miniBatches.length);
    for (const [key, { data }] of decodeTensors(fixture.parametersAfter))
      expect(relativeError(tensors.get(key)?.data ?? [], data), key).toBeLessThan(1e-5);
  });

  it('reports the means of its steps', () => {
    for (const name of ['policyLoss', 'valueLoss', 'gradientNorm', 'ratio', 'clipFraction', 'approximateKl'] as const) {
      const mean = fixture.steps.reduce((total, step) => total + step[name], 0) / fixture.steps.length;
      expect(relativeError([metricOf(name)], [mean]), name).toBeLessThan(1e-5);
    }
    const largest = Math.max(...fixture.steps.map((step) => step.largestRatio));
    expect(relativeError([metricOf('largestRatio')], [largest])).toBeLessThan(1e-5);
  });

  it('reports what the rollouts say of themselves', () => {
    const { klPerToken, klPerSequence, klCoefficient, entropyPerSequence, explainedVariance, batch, rollouts } =
      fixture;
    const entropies = batch.entropies.flat();
    const expected = {
      klPerToken,
      klPerSequence,
      klPenalty: klCoefficient * klPerSequence,
      entropyPerSequence,
      explainedVariance,
      entropy: entropies.reduce((a, b) => a + b, 0) / entropies.length,
      answerLength: entropies.length / rollouts.length,
    };
    for (const [name, value] of Object.entries(expected))
      expect(relativeError([metricOf(name)], [value]), name).toBeLessThan(1e-5);
    expect(metricOf('samplerMismatch')).toBeLessThan(1e-5);
  });
});
