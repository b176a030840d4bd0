/** Which rounds are kept. */
import { expect, it } from 'vitest';
import { keptRounds, type RuledRound } from '../../../activities/retention/rule.js';

/** Rounds of one run, one a second, whose best was that of round 3. */
const rounds = (count: number): RuledRound[] =>
  Array.from({ length: count }, (_, index) => {
    const round = index + 1;
    return { round, written: 1_000 * round, checkpoint: `c${round}`, best: round > 3 ? 'c3' : 'start' };
  });
const kept = (all: readonly RuledRound[], last: number, everyRounds: number | null): number[] =>
  [...keptRounds(all, { last, everyRounds })].sort((a, b) => a - b);

it('are the last, every so many, and the best', () => {
  expect(kept(rounds(23), 2, 10)).toEqual([3, 10, 20, 22, 23]);
  expect(kept(rounds(23), 1, null)).toEqual([3, 23]);
  expect(kept(rounds(2), 5, null)).toEqual([1, 2]);
  expect(kept([], 2, 10)).toEqual([]);
});

it('count anew where a run was sent back: the latest are those that it has done since', () => {
  const again = rounds(23).map((one) => (one.round === 5 || one.round === 6 ? { ...one, written: 60_000 } : one));
  expect(kept(again, 2, null)).toEqual([3, 5, 6]);
});

it('go by their number within a second, which is all that servers tell', () => {
  expect(
    kept(
      rounds(9)
        .map((one) => ({ ...one, written: 5_000 + one.round }))
        .reverse(),
      2,
      null,
    ),
  ).toEqual([3, 8, 9]);
});

it('are all those whose notes do not tell what they need', () => {
  const earlier = rounds(9).map((one) => (one.round < 5 ? { ...one, best: undefined } : one));
  expect(kept(earlier, 1, null)).toEqual([1, 2, 3, 4, 9]);
});
