/** What a round's answers add up to. */
import { expect, it } from 'vitest';
import { roundMetrics } from '../../../workflows/monitoring/roundMetrics.js';
import type { Answers } from '../../../workflows/steps/rollout.js';

const answers: Answers = {
  scored: [],
  count: 200,
  correct: 80,
  extracted: 150,
  truncated: 10,
  meanReward: (80 + 0.1 * 70) / 200,
  rewardOfCorrect: 80,
  meanLength: 33.5,
  longest: 60,
  failures: { syntax: 30, timeout: 20 },
  choices: {},
  parts: {},
  work: { engineSeconds: 0, forwardTokens: 0, backwardTokens: 0, generatedTokens: 0 },
};

it('gives the reward with its parts, shares and lengths, and counts failures by reason', () => {
  const { rewardExtracted, ...metrics } = roundMetrics(answers);
  expect(metrics).toEqual({
    reward: 0.435,
    rewardRight: 0.4,
    sampleAccuracy: 40,
    extractedWrong: 35,
    extracted: 75,
    nothingExtracted: 25,
    truncated: 5,
    answerLength: 33.5,
    longestAnswer: 60,
    'failed.syntax': 30,
    'failed.timeout': 20,
  });
  expect(rewardExtracted).toBeCloseTo(0.035, 12);
});

it('splits any reward between right answers and all others, whatever its sign', () => {
  const parts = (meanReward: number, rewardOfCorrect: number) => {
    const { reward, rewardRight, rewardExtracted } = roundMetrics({ ...answers, meanReward, rewardOfCorrect });
    return [reward, rewardRight, rewardExtracted];
  };
  expect(parts(-0.25, 50)).toEqual([-0.25, 0.25, -0.5]);
  expect(parts(0.25, 150)).toEqual([0.25, 0.75, -0.5]);
  // Only right answers earn, and the mean is rounded down.
  expect(parts(0.4 - 1e-17, 80.00000000000001)[2]).toBe(0);
});

it('keeps a reason that no answer of this round failed for', () => {
  const later = roundMetrics({ ...answers, failures: { syntax: 50 } }, { 'failed.timeout': 20, reward: 1 });
  expect(later).toMatchObject({ 'failed.syntax': 50, 'failed.timeout': 0, reward: 0.435 });
});

it('gives the mean of each part of the reward over the answers that have it', () => {
  const parts = { style: { total: 50, count: 200 }, 'judge.tone': { total: -10, count: 20 } };
  expect(roundMetrics({ ...answers, parts })).toMatchObject({ 'reward.style': 0.25, 'reward.judge.tone': -0.5 });
});

it('gives the share of the commonest option among answers that name one', () => {
  expect(roundMetrics({ ...answers, choices: { a: 60, b: 25, e: 15 } }).commonestChoice).toBe(60);
  expect(roundMetrics(answers)).not.toHaveProperty('commonestChoice');
});
