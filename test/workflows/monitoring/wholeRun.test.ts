/** How much of a run is done and what is left, from its plan and the pace of its phases. */
import { expect, it } from 'vitest';
import type { PhaseProgress } from '../../../workflows/monitoring/describePhase.js';
import { type PlannedPhase, wholeRun } from '../../../workflows/monitoring/wholeRun.js';

const plan: readonly PlannedPhase[] = [
  { phase: 'warm-up', work: 100, isBeside: false },
  { phase: 'ppo', work: 300, isBeside: false },
  { phase: 'sft', work: 100, isBeside: true },
  { phase: 'evaluation', work: 100, isBeside: false },
];

const at = (phase: PhaseProgress['phase'], round: number, rounds: number, unitSeconds?: number): PhaseProgress => ({
  ...{ phase, unit: 'round', round, rounds, metrics: {} },
  ...(unitSeconds === undefined ? {} : { unitSeconds, etaSeconds: unitSeconds * (rounds - round) }),
});

it('knows nothing before a unit is done', () => {
  expect(wholeRun([], [at('prepare', 0, 1)])).toEqual({ done: 0 });
  expect(wholeRun(plan, [])).toEqual({ done: 0 });
  expect(wholeRun(plan, [at('prepare', 1, 1, 5), at('warm-up', 0, 10)])).toEqual({ done: 0 });
});

it('takes the pace of what is done for what has none', () => {
  // Half of the warm-up, 50 of 600, took 10 seconds: 550 are left.
  const { done, secondsLeft } = wholeRun(plan, [at('warm-up', 5, 10, 2)]);
  expect(secondsLeft).toBeCloseTo(110);
  expect(done).toBeCloseTo(50 / 600);
});

it('takes a phase’s own pace once it has one, and counts what goes on beside it once', () => {
  const phases = [at('warm-up', 10, 10, 2), at('ppo', 10, 30, 4), at('sft', 2, 4, 10)];
  // 20 s, then 40 s for a third of PPO and half of SFT: 60 s for 250 of work, so the evaluation takes 24 s.
  const { done, secondsLeft } = wholeRun(plan, phases);
  expect(secondsLeft).toBeCloseTo(80 + 24);
  expect(done).toBeCloseTo(60 / 164);
});

it('leaves out what was ended early', () => {
  const begun = [at('warm-up', 10, 10, 2), at('ppo', 10, 30, 4), at('sft', 1, 4, 10), at('evaluation', 1, 2, 3)];
  expect(wholeRun(plan, begun).secondsLeft).toBeCloseTo(3);
  const stopped = [at('warm-up', 10, 10, 2), { ...at('ppo', 10, 30, 4), stopped: true as const }, at('sft', 4, 4, 10)];
  expect(wholeRun(plan, stopped).secondsLeft).toBeCloseTo(60 / 3, 0);
});

it('is whole when the run is finished', () => {
  expect(wholeRun(plan, [at('warm-up', 1, 10, 2), at('finished', 0, 0)])).toEqual({ done: 1, secondsLeft: 0 });
});
