/** The time left of a phase, told from its latest units. */
import { expect, it } from 'vitest';
import { beginPhase, estimateSecondsLeft, openJournal, type PhaseName } from '../../../workflows/monitoring/journal.js';

const secondsLeft = (name: PhaseName, recentSeconds: number[]): number | undefined =>
  estimateSecondsLeft({ ...beginPhase(openJournal(), name, 'step', 20), done: 10, recentSeconds });

it('is not told before a unit is done', () => {
  expect(secondsLeft('ppo', [])).toBeUndefined();
  expect(secondsLeft('comparison', [])).toBeUndefined();
});

it('does not count one outage for all rounds', () => {
  expect(secondsLeft('ppo', [2, 600, 2, 3, 1])).toBe(20);
});

it('takes the mean of shards, of which several end at once', () => {
  const phase = { ...beginPhase(openJournal(), 'evaluation', 'shard', 20), done: 10 };
  expect(estimateSecondsLeft({ ...phase, recentSeconds: [9, 0, 0] })).toBe(30);
});

it('counts both the trainings and the evaluations of a comparison', () => {
  expect(secondsLeft('comparison', [10, 10, 100])).toBe(400);
});
