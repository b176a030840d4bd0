/** Splits by hash: even, and the same whatever other rows there are. */
import { expect, it } from 'vitest';
import { shareOf } from '../../../activities/data/splitByHash.js';

it('spreads questions evenly', () => {
  const shares = Array.from({ length: 10_000 }, (_, index) => shareOf(`How much is ${index} and 7?`));
  for (const limit of [0.1, 0.5, 0.9]) {
    const below = shares.filter((share) => share < limit).length;
    expect(Math.abs(below / shares.length - limit)).toBeLessThan(0.02);
  }
});

it('is the same for questions that are the same, and never changes', () => {
  expect(shareOf('How many  pens?')).toBe(shareOf('how many pens ?'));
  expect(shareOf('How many pens?')).toBeCloseTo(0.046282490252966824, 12);
});
