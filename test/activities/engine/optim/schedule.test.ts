/** Learning rates over a phase: by hand, and the same however the phase is cut into epochs or rounds. */
import { describe, expect, it } from 'vitest';
import { learningRates, type Schedule } from '../../../../activities/engine/optim/schedule.js';

const whole = (schedule: Schedule, total: number): readonly number[] => learningRates(schedule, 0, total, total);

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((rate, step) => {
    expect(rate, `step ${step}`).toBeCloseTo(expected[step] ?? Number.NaN, 12);
  });
}

describe('learningRates', () => {
  const base = { learningRate: 0.8, warmUpSteps: 0 };

  it('are constant', () => {
    expectClose(whole({ ...base, schedule: 'constant' }, 3), [0.8, 0.8, 0.8]);
  });

  it('fall on a line that reaches 0 behind the last step', () => {
    expectClose(whole({ ...base, schedule: 'linear' }, 4), [0.8, 0.6, 0.4, 0.2]);
  });

  it('fall on half a cosine that reaches 0 behind the last step', () => {
    const expected = [0, 1, 2, 3].map((step) => 0.4 * (1 + Math.cos((Math.PI * step) / 4)));
    expectClose(whole({ ...base, schedule: 'cosine' }, 4), expected);
    expect(expected[2]).toBeCloseTo(0.4, 12);
  });

  it.each(['constant', 'linear', 'cosine'] as const)('rise over the warm-up first: %s', (schedule) => {
    const rates = whole({ learningRate: 0.8, warmUpSteps: 4, schedule }, 8);
    expectClose(rates.slice(0, 4), [0.2, 0.4, 0.6, 0.8]);
    // The schedule spans the steps behind the warm-up.
    expectClose(rates.slice(4), whole({ ...base, schedule }, 4));
  });

  it.each(['constant', 'linear', 'cosine'] as const)('do not depend on how a phase is cut: %s', (schedule) => {
    const settings = { learningRate: 0.3, warmUpSteps: 3, schedule };
    const cut = [0, 5, 10].flatMap((from) => learningRates(settings, from, Math.min(5, 12 - from), 12));
    expect(cut).toEqual(whole(settings, 12));
  });

  it('stay finite where the warm-up is longer than the phase', () => {
    for (const schedule of ['constant', 'linear', 'cosine'] as const)
      expectClose(whole({ learningRate: 1, warmUpSteps: 10, schedule }, 2), [0.1, 0.2]);
  });
});
