/** Tallying as workflows call it: samples in, verdicts and metrics out. */
import { expect, it } from 'vitest';
import { at } from '../../activities/invariant.js';
import { comparisonSchema } from '../../activities/rewards/compareAnswers.js';
import type { RewardModelScore, ScoredSample } from '../../activities/rewards/samples.js';
import { createTallyEvaluation } from '../../activities/tallyEvaluation.js';
import { createMemoryStore } from './data/memoryStore.js';

const store = createMemoryStore();

const scoredOf = (example: number, sample: number, value: number | null, correct: boolean): ScoredSample => ({
  example,
  sample,
  tokens: [],
  logProbs: [],
  truncated: false,
  text: '',
  value,
  correct,
  reward: 0,
});

it('tallies all metrics over shards', async () => {
  const tally = createTallyEvaluation({ store });
  const questions = { ...(await store.putLines([])), count: 2 };
  const greedy = [await store.putLines([scoredOf(0, 0, 1, true)]), await store.putLines([scoredOf(1, 0, 5, false)])];
  // Question 0: the majority is wrong, the reward model knows better. Question 1: nothing right anywhere.
  const first = [scoredOf(0, 0, 9, false), scoredOf(0, 1, 9.001, false), scoredOf(0, 2, 1, true)];
  const second = [scoredOf(1, 0, null, false), scoredOf(1, 1, 5, false), scoredOf(1, 2, 6, false)];
  const judge = (scored: readonly ScoredSample[], probabilities: readonly number[]): RewardModelScore[] =>
    scored.map(({ example, sample }, index) => ({ example, sample, probability: probabilities[index] ?? 0 }));
  const sampled = [await store.putLines(first), await store.putLines(second)];
  const rewardModelScores = [
    await store.putLines(judge(first, [0.3, 0.3, 0.7])),
    await store.putLines(judge(second, [0.9, 0.1, 0.1])),
  ];
  const { metrics, verdicts } = await tally({ data: questions, greedy, sampled, rewardModelScores });
  expect(metrics).toMatchObject({
    top1: { correct: 1, count: 2, percent: 50 },
    voting: { correct: 0 },
    reranking: { correct: 1 },
    weightedVoting: { correct: 1 },
    upperBound: { correct: 1 },
    passAt: [{ k: 1 }, { k: 2 }, { k: 3, percent: 50 }],
    samples: 3,
  });
  expect(metrics.passAt?.[0]?.percent).toBeCloseTo(100 / 6);
  expect(metrics.passAt?.[1]?.percent).toBeCloseTo(100 / 3);
  expect(await store.getLines(verdicts)).toEqual([
    { top1: true, voting: false, reranking: true, weightedVoting: true, correct: 1 },
    { top1: false, voting: false, reranking: false, weightedVoting: false, correct: 0 },
  ]);
  const greedyOnly = await tally({ data: questions, greedy, sampled: [], rewardModelScores: [] });
  expect(greedyOnly.metrics).toEqual({ top1: metrics.top1, samples: 0 });
  expect((await tally({ data: questions, greedy, sampled, rewardModelScores: [] })).metrics).not.toHaveProperty(
    'reranking',
  );
});

it('gives the means of the reward’s parts over the greedy answers of all shards', async () => {
  const questions = { ...(await store.putLines([])), count: 2 };
  const greedy = await Promise.all([
    store.putLines([{ ...scoredOf(0, 0, 1, true), parts: { style: 0.5, length: 4 } }]),
    store.putLines([{ ...scoredOf(1, 0, 5, false), parts: { style: -1 } }]),
  ]);
  const sampled = await store.putLines(
    [0, 1].map((example) => ({ ...scoredOf(example, 0, 1, true), parts: { style: 9 } })),
  );
  const tally = createTallyEvaluation({ store });
  const { metrics } = await tally({ data: questions, greedy, sampled: [sampled], rewardModelScores: [] });
  expect(metrics.rewardParts).toEqual({ style: -0.25, length: 4 });
});

it('counts votes by the comparison of the reward', async () => {
  const tally = createTallyEvaluation({ store });
  const questions = { ...(await store.putLines([])), count: 1 };
  const greedy = [await store.putLines([scoredOf(0, 0, 100, true)])];
  const samples = [
    scoredOf(0, 0, 90, false),
    scoredOf(0, 1, 100, true),
    scoredOf(0, 2, 100.9, true),
    scoredOf(0, 3, 90, false),
  ];
  const input = { data: questions, greedy, sampled: [await store.putLines(samples)], rewardModelScores: [] };
  expect((await tally(input)).metrics.voting?.correct).toBe(0);
  const comparison = comparisonSchema.parse({ name: 'numeric', absoluteTolerance: 10 });
  expect((await tally({ ...input, comparison })).metrics.voting?.correct).toBe(0);
  const close = comparisonSchema.parse({ name: 'numeric', absoluteTolerance: 0, relativeTolerance: 0.01 });
  const lead = [...samples.slice(1), at(samples, 0)];
  const sampled = [await store.putLines(lead.map((one, sample) => ({ ...one, sample })))];
  expect((await tally({ ...input, sampled })).metrics.voting?.correct).toBe(0);
  expect((await tally({ ...input, sampled, comparison: close })).metrics.voting?.correct).toBe(1);
});

it('refuses to tally part of the questions, or rewardModelScores of other samples', async () => {
  const tally = createTallyEvaluation({ store });
  const questions = { ...(await store.putLines([])), count: 2 };
  const one = await store.putLines([scoredOf(0, 0, 1, true)]);
  const both = await store.putLines([scoredOf(0, 0, 1, true), scoredOf(1, 0, 1, true)]);
  const swapped = await store.putLines([
    { example: 1, sample: 0, probability: 1 },
    { example: 0, sample: 0, probability: 1 },
  ]);
  const refused = { name: 'InvalidData' };
  await expect(tally({ data: questions, greedy: [one], sampled: [], rewardModelScores: [] })).rejects.toMatchObject(
    refused,
  );
  await expect(
    tally({ data: questions, greedy: [both, both], sampled: [], rewardModelScores: [] }),
  ).rejects.toMatchObject(refused);
  await expect(
    tally({ data: questions, greedy: [both], sampled: [both], rewardModelScores: [swapped] }),
  ).rejects.toMatchObject(refused);
  await expect(tally({ data: questions, greedy: [both], sampled: [one], rewardModelScores: [] })).rejects.toMatchObject(
    refused,
  );
  await expect(
    tally({ data: questions, greedy: [both], sampled: [one, one], rewardModelScores: [] }),
  ).rejects.toMatchObject(refused);
});
