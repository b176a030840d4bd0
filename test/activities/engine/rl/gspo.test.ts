/** GSPO's ratio: that of a whole answer, the same in whatever micro-batches its mini-batch comes. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { layOutAnswers, sequenceFeeds } from '../../../../activities/engine/training/layout.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import { allAt, at, required } from '../../../../activities/invariant.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';
import { floats, integers } from '../runGraph.js';

const { config, samples, reference, optimiser } = readFixture('algorithms');
const withoutCritic = [...decodeTensors(reference)].filter(([name]) => !name.startsWith('value_head.'));
const model = await writeModel(join(await temporaryFolder(), 'model.safetensors'), config, new Map(withoutCritic));
/** Of every token of an answer: its old log π, taken for something some way off, and what of it the model has. */
const oldLogProbs = samples.map(({ samplerLogProbs }) => samplerLogProbs);

async function metricsOf(groups: readonly (readonly number[])[], name: 'gspo' | 'grpo' = 'gspo') {
  const algorithm = { name, clipRange: 0.05 } as const;
  const trainer = await createTrainer({ objective: 'policy', config, algorithm }, model, optimiser);
  const feedsOf = (group: readonly number[]) => {
    const own = allAt(samples, group);
    const layout = layOutAnswers(own);
    const perToken = (pick: (sample: (typeof samples)[number]) => number) =>
      floats(own.flatMap((sample) => sample.answer.map(() => pick(sample))));
    const shares = perToken(({ answer }) => 1 / (answer.length * samples.length));
    return {
      ...sequenceFeeds(layout),
      labels: integers(layout.labels),
      weights: shares,
      shares,
      advantages: perToken(({ reward }) => reward - 0.5),
      old_log_probs: floats(allAt(oldLogProbs, group).flat()),
      reference_log_probs: floats(allAt(oldLogProbs, group).flat()),
    };
  };
  return trainer.step(groups.map(feedsOf), 0);
}

it('is the same in micro-batches, however answers of different lengths lie in them', async () => {
  const all = samples.map((_, index) => index);
  const whole = await metricsOf([all]);
  expect(whole.clipFraction).toBeGreaterThan(0);
  for (const groups of [[all.slice(0, 5), all.slice(5)], [[...all].reverse()], all.map((index) => [index])]) {
    const metrics = await metricsOf(groups);
    for (const [name, value] of Object.entries(whole))
      expect(relativeError([required(metrics[name], name)], [value]), name).toBeLessThan(2e-5);
  }
});

it('is the geometric mean of the tokens’ ratios', async () => {
  // Of one answer alone the mean ratio is its own, and so is the largest; the loss is −Â · ratio where nothing is clipped.
  for (const index of [0, 5, 14]) {
    const { ratio, largestRatio, policyLoss, clipFraction } = await metricsOf([[index]]);
    const own = required(ratio, 'the ratio') * samples.length;
    expect(relativeError([required(largestRatio, 'the largest')], [own])).toBeLessThan(1e-6);
    const advantage = at(samples, index).reward - 0.5;
    if (clipFraction === 0) expect(policyLoss).toBeCloseTo((-advantage * own) / samples.length, 6);
  }
});

it('tells how far the tokens have moved, as GRPO does', async () => {
  const all = samples.map((_, index) => index);
  const [gspo, grpo] = [await metricsOf([all]), await metricsOf([all], 'grpo')];
  const kl = required(grpo.approximateKl, 'the KL');
  expect(relativeError([required(gspo.approximateKl, 'the KL')], [kl])).toBeLessThan(1e-6);
  // That of the answers' ratios would be less, and their largest ratio is.
  expect(required(gspo.largestRatio, 'a ratio')).toBeLessThan(required(grpo.largestRatio, 'a ratio'));
});
