/** DAPO, GSPO and the options that algorithms share, each a round of two steps against PyTorch: losses, gradients, weights. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScheduledOptimiser } from '../../../../activities/engine/optim/index.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { required } from '../../../../activities/invariant.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments } from '../runGraph.js';

const fixture = readFixture('algorithms');
const { config, miniBatches, samples, maxAnswerTokens } = fixture;
const folder = await temporaryFolder();
const initial = decodeTensors(fixture.parameters);
const trunk = new Map([...initial].filter(([name]) => !name.startsWith('value_head.')));
const withoutCritic = await writeModel(join(folder, 'model.safetensors'), config, trunk);
const withCritic = await writeModel(join(folder, 'policy.safetensors'), config, initial);
const reference = await writeModel(join(folder, 'reference.safetensors'), config, decodeTensors(fixture.reference));
const rollouts = samples.map(({ question, samplerLogProbs, ...sample }) => ({
  ...sample,
  group: question,
  logProbs: samplerLogProbs,
}));

describe.each(Object.entries(fixture.rounds))('%s', (name, { algorithm, ...expected }) => {
  let runs = 0;
  const train = (steps: number, optimiser: ScheduledOptimiser) => {
    runs += 1;
    return trainPolicy(
      {
        model: algorithm.name === 'ppo' ? withCritic : withoutCritic,
        reference,
        rollouts,
        miniBatches: miniBatches.slice(0, steps),
        optimiser,
        algorithm,
        maxAnswerTokens,
        outputDirectory: join(folder, `${name} ${runs}`),
      },
      quietContext,
    );
  };
  const lossOf = ({ metrics }: Awaited<ReturnType<typeof train>>): number => {
    const metricOf = (metric: string): number => required(metrics[metric], metric);
    if (algorithm.name === 'ppo')
      return metricOf('policyLoss') + Number(algorithm.valueCoefficient) * metricOf('valueLoss');
    return (
      metricOf('policyLoss') +
      (algorithm.klPlacement === 'loss' ? Number(algorithm.klCoefficient) * metricOf('klLoss') : 0)
    );
  };

  it('has the losses and leaves the weights of PyTorch', async () => {
    const first = await train(1, fixture.optimiser);
    const both = await train(2, fixture.optimiser);
    // The metrics are means over the steps: the second step's loss is what the mean of two adds.
    const losses = [lossOf(first), 2 * lossOf(both) - lossOf(first)];
    losses.forEach((loss, step) => {
      expect(Math.abs(loss - required(expected.losses[step], 'a loss')), `loss of step ${step}`).toBeLessThan(1e-5);
    });
    const { tensors } = await readSafetensors(both.files.parameters);
    for (const [key, { data }] of decodeTensors(expected.parametersAfter)) {
      const after = required(tensors.get(key), key).data;
      const before = required(initial.get(key), key).data;
      const farthest = (from: ArrayLike<number>): number =>
        Math.max(...data.map((value, index) => Math.abs(value - (from[index] ?? Number.NaN))));
      expect(farthest(after), key).toBeLessThan(1e-5);
      // A step that does nothing would also be near.
      expect(farthest(before), key).toBeGreaterThan(1e-3);
    }
    // Each side of the clip range was reached, or the fixture would not show that they are told apart.
    for (const side of ['clipFractionHigh', 'clipFractionLow']) expect(both.metrics[side], side).toBeGreaterThan(0);
  });

  it('has the gradients of PyTorch', async () => {
    const { files } = await train(1, { ...gradientsAsMoments, learningRates: [0] });
    const { tensors } = await readSafetensors(required(files.moments, 'moments'));
    for (const [key, { data }] of decodeTensors(expected.gradients))
      expect(relativeError(required(tensors.get(`m.${key}`), key).data, data), key).toBeLessThan(1e-5);
  });
});

it('covers both algorithms and every option', () => {
  const names = Object.keys(fixture.rounds).join();
  for (const part of ['dapo', 'gspo', 'maskTruncated', 'samplingCorrection', 'k1', 'k2', 'k3', 'batch', 'none'])
    expect(names).toContain(part);
});
