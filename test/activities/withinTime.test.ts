/** Work that takes too long is ended where it is stuck. */
import { expect, it } from 'vitest';
import { withinTime } from '../../activities/withinTime.js';

const tooLong = (): Error => new Error('too long');

it('gives what the work gives, and throws what it throws', () => {
  expect(withinTime(0, () => 42, tooLong)).toBe(42);
  expect(() =>
    withinTime(
      0,
      () => {
        throw new RangeError('own');
      },
      tooLong,
    ),
  ).toThrow(RangeError);
});

it.each([
  [
    'a loop',
    () => {
      for (;;);
    },
  ],
  ['a pattern that backtracks', () => /^(a+)+$/.test(`${'a'.repeat(50)}b`)],
])('ends %s, also inside other such work, and works on afterwards', (_, work: () => unknown) => {
  expect(() => withinTime(0, () => withinTime(1e9, work, () => new Error('inner')), tooLong)).toThrow('too long');
  expect(withinTime(0, () => 1, tooLong)).toBe(1);
});
