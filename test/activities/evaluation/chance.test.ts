/** Interval and test against published tables, against each other, and on draws whose truth is known. */
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../activities/errors.js';
import { estimateDifference, estimateShare } from '../../../activities/evaluation/chance.js';
import { randomNumbers } from '../../support/randomNumbers.js';

describe('one training', () => {
  it('is Student’s t over the questions, without a p', () => {
    // Gosset's sleep data (1908): mean 1.58, 95 % interval 0.70 to 2.46 (as published).
    const sleep = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];
    const { mean, low, high, ...rest } = estimateDifference([sleep]);
    expect([mean, low, high].map((value) => value.toFixed(4))).toEqual(['1.5800', '0.7001', '2.4599']);
    expect(rest).toEqual({});
  });
});

describe('several trainings', () => {
  it('has the mean squares of the two-way table and the degrees of freedom of Hillis', () => {
    // By hand: trainings 2, 4 → mean square 3 · 2 = 6; questions 1, 3, 5 → 2 · 4 = 8; nothing is left for the rest.
    // Variance (6 + 8) / 6, degrees (14 / 6)² = 5.4444; t of 0.975 there is 2.508730, p 0.102057 (its density integrated).
    const rows = [
      [0, 2, 4],
      [2, 4, 6],
    ];
    const { mean, low, high, p } = estimateDifference(rows);
    expect(mean).toBe(3);
    expect((high - low) / 2 / Math.sqrt(14 / 6)).toBeCloseTo(2.50873, 5);
    expect(p).toBeCloseTo(0.102057, 5);
  });

  it('says significant where the interval is clear of zero, and only there', () => {
    const random = randomNumbers(4);
    const sides = { clear: 0, not: 0 };
    for (let trial = 0; trial < 300; trial++) {
      const shift = random.uniform() * 0.3;
      const rows = Array.from({ length: 2 + (trial % 4) }, () =>
        Array.from({ length: 40 }, () => random.integer(-1, 1) + shift),
      );
      const { low, high, p = Number.NaN } = estimateDifference(rows);
      const clear = low > 0 || high < 0;
      expect(p < 0.05).toBe(clear);
      sides[clear ? 'clear' : 'not'] += 1;
    }
    expect(Math.min(sides.clear, sides.not)).toBeGreaterThan(30);
  });

  it('gives no p that so few trainings cannot carry', () => {
    // Every question agrees; trainings differ. The test on questions alone would say p < 1e-100.
    const rows = [0.02, 0.1, 0.06].map((value) => Array.from({ length: 1_000 }, () => value));
    const { low, p } = estimateDifference(rows);
    // The t-test of 0.02, 0.1 and 0.06.
    expect(p).toBeCloseTo(0.12169, 4);
    expect(low).toBeLessThan(0);
    expect(estimateDifference(rows.slice(0, 2)).p).toBeGreaterThan(0.3);
  });

  it('takes trainings that happen to agree as varying by the rest at least', () => {
    const rows = [
      [1, 0, 1, 0, 1, 0, 1, 1],
      [0, 1, 1, 1, 0, 1, 1, 0],
    ];
    const { low, p = 0 } = estimateDifference(rows);
    expect(p).toBeGreaterThan(0);
    expect(Number.isFinite(low)).toBe(true);
  });

  it('covers the truth about 95 times of 100, with three trainings, where a bootstrap’s percentiles would not', () => {
    const random = randomNumbers(11);
    const normal = (): number =>
      Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
    const truth = 0.03;
    let covered = 0;
    let byPercentiles = 0;
    const trials = 600;
    for (let trial = 0; trial < trials; trial++) {
      const ofQuestions = Array.from({ length: 100 }, () => 0.2 * normal());
      const rows = [0, 1, 2].map(() => {
        const ofTraining = 0.04 * normal();
        return ofQuestions.map((ofQuestion) => truth + ofTraining + ofQuestion + 0.3 * normal());
      });
      const { low, high } = estimateDifference(rows);
      if (low <= truth && truth <= high) covered += 1;
      // Where means of three draws with replacement from the three trainings lie, questions left aside: the 27 of them.
      const means = rows.map((row) => row.reduce((sum, value) => sum + value, 0) / row.length);
      if (Math.min(...means) <= truth && truth <= Math.max(...means)) byPercentiles += 1;
    }
    expect(covered / trials).toBeGreaterThan(0.93);
    expect(covered / trials).toBeLessThan(0.99);
    expect(byPercentiles / trials).toBeLessThan(0.85);
  });
});

describe('a share', () => {
  it('has an interval between 0 and 1, around it', () => {
    const nearlyAll = Array.from({ length: 50 }, (_, question) => (question === 0 ? 0 : 1));
    for (const rows of [[nearlyAll], [nearlyAll, nearlyAll, nearlyAll]]) {
      const { mean, low, high } = estimateShare(rows);
      expect(mean).toBeCloseTo(0.98, 12);
      expect(low).toBeGreaterThan(0.8);
      expect(low).toBeLessThan(mean);
      expect(high).toBeGreaterThan(mean);
      expect(high).toBeLessThan(1);
    }
  });

  it('is Wilson’s where every answer was the same', () => {
    // Newcombe (1998), table I: 0 of 20 gives 0 … 0.1611.
    const { low, high } = estimateShare([Array<number>(20).fill(0)]);
    expect(low).toBe(0);
    expect(high).toBeCloseTo(0.1611, 4);
    expect(estimateShare([Array<number>(20).fill(1)]).low).toBeCloseTo(0.8389, 4);
  });
});

it('refuses what is no table', () => {
  expect(() => estimateDifference([])).toThrow(InternalError);
  expect(() => estimateDifference([[1, 0], [1]])).toThrow(/2 and 1 questions/);
  expect(() => estimateShare([[1]])).toThrow(/at least two questions, got 1/);
});
