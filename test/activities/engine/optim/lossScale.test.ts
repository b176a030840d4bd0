/** When the loss scale of float16 changes. */
import { expect, it } from 'vitest';
import { firstLossScale, type LossScale, nextLossScale } from '../../../../activities/engine/optim/lossScale.js';

const after = (start: LossScale, steps: readonly boolean[]): LossScale => steps.reduce(nextLossScale, start);
const good = (steps: number): readonly boolean[] => new Array<boolean>(steps).fill(true);

it('doubles after two thousand good steps, and counts anew', () => {
  expect(after(firstLossScale, good(1_999))).toEqual({ scale: 2 ** 16, goodSteps: 1_999 });
  expect(after(firstLossScale, good(2_000))).toEqual({ scale: 2 ** 17, goodSteps: 0 });
});

it('halves at once where a gradient is not finite, and counts anew', () => {
  expect(after(firstLossScale, [...good(1_000), false])).toEqual({ scale: 2 ** 15, goodSteps: 0 });
  expect(after(firstLossScale, [false, false, ...good(1_999)])).toEqual({ scale: 2 ** 14, goodSteps: 1_999 });
});

it('stops growing where more gains nothing', () => {
  expect(after({ scale: 2 ** 24, goodSteps: 1_999 }, good(1))).toEqual({ scale: 2 ** 24, goodSteps: 0 });
});
