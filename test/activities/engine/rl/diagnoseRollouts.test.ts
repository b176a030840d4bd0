/** What the task says of rollouts, against what PPO's update says of the same ones. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { diagnoseRollouts } from '../../../../activities/engine/tasks/diagnoseRollouts.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import { scoreAnswers } from '../../../../activities/engine/training/scoreAnswers.js';
import { required } from '../../../../activities/invariant.js';
import { decodeTensors, ppoOf, readFixture } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';

const { config, optimiser, samples, ppo, parameters, reference: referenceTensors } = readFixture('methods');
const folder = await temporaryFolder();
const model = await writeModel(join(folder, 'policy.safetensors'), config, decodeTensors(parameters));
const reference = await writeModel(join(folder, 'reference.safetensors'), config, decodeTensors(referenceTensors));

it('tells the same KL as a PPO update, and the entropy that the samples’ own probabilities speak of', async () => {
  const scores = await scoreAnswers(model, samples);
  const rollouts = samples.map((sample, index) => ({
    ...sample,
    group: sample.question,
    logProbs: [...(scores[index]?.logProbs ?? [])],
  }));
  const { metrics, work } = await diagnoseRollouts({ reference, rollouts }, quietContext);
  const update = await trainPolicy(
    {
      algorithm: ppoOf(ppo),
      maxAnswerTokens: 8,
      model,
      reference,
      rollouts,
      miniBatches: [samples.map((_, index) => index)],
      optimiser,
      outputDirectory: join(folder, 'ppo'),
    },
    quietContext,
  );
  expect(Math.abs(metrics.klPerToken)).toBeGreaterThan(1e-3);
  expect(metrics.klPerToken).toBeCloseTo(required(update.metrics.klPerToken, 'klPerToken'), 6);
  expect(metrics.klPerSequence).toBeCloseTo(required(update.metrics.klPerSequence, 'klPerSequence'), 5);
  const surprise = rollouts.flatMap(({ logProbs }) => logProbs).reduce((sum, logProb) => sum - logProb, 0);
  expect(metrics.entropyPerSequence).toBeCloseTo(surprise / rollouts.length, 9);
  expect(metrics.entropy).toBeCloseTo(surprise / rollouts.flatMap(({ logProbs }) => logProbs).length, 9);
  // One forward pass, of the reference.
  expect(2 * work.forwardTokens).toBeLessThan(update.work.forwardTokens);
});

it('finds no distance between a model and itself', async () => {
  const scores = await scoreAnswers(model, samples);
  const rollouts = samples.map((sample, index) => ({
    ...sample,
    group: sample.question,
    logProbs: [...(scores[index]?.logProbs ?? [])],
  }));
  const { metrics } = await diagnoseRollouts({ reference: model, rollouts }, quietContext);
  expect(metrics.klPerToken).toBe(0);
});
