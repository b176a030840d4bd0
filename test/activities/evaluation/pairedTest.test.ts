/** The paired test against all sign patterns, and against McNemar's exact test as published. */
import { describe, expect, it } from 'vitest';
import { holm, pairedTest } from '../../../activities/evaluation/pairedTest.js';

function byEnumeration(differences: readonly number[]): number {
  const seen = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  let asFar = 0;
  for (let signs = 0; signs < 2 ** differences.length; signs++) {
    const sum = differences.reduce((total, value, index) => total + ((signs >> index) & 1 ? value : -value), 0);
    if (Math.abs(sum) >= seen) asFar += 1;
  }
  return asFar / 2 ** differences.length;
}

describe('the paired test', () => {
  it('counts every pattern of signs', () => {
    let state = 7;
    const draw = (count: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % count;
    };
    for (let trial = 0; trial < 300; trial++) {
      const differences = Array.from({ length: draw(11) }, () => draw(9) - 4);
      expect(pairedTest(differences)).toBeCloseTo(byEnumeration(differences), 12);
    }
  });

  it('is McNemar’s exact test for answers that are right or wrong', () => {
    const discordant = (b: number, c: number): number[] => [
      ...Array<number>(b).fill(1),
      ...Array<number>(c).fill(-1),
      ...Array<number>(50).fill(0),
    ];
    // scipy.stats.binomtest(b, b + c).pvalue
    expect(pairedTest(discordant(10, 2))).toBeCloseTo(0.03857421875, 12);
    expect(pairedTest(discordant(121, 59)) / 4.434449263755176e-6).toBeCloseTo(1, 9);
    expect(pairedTest(discordant(5, 5))).toBe(1);
    expect(pairedTest([])).toBe(1);
  });

  it('holds for thousands of questions, far into the tail', () => {
    expect(pairedTest(Array<number>(5_000).fill(1))).toBe(0);
    const even = Array.from({ length: 5_000 }, (_, index) => (index % 2 === 0 ? 1 : -1));
    expect(pairedTest(even)).toBeCloseTo(1, 9);
  });

  it('refuses differences that are not whole', () => {
    expect(() => pairedTest([1, 0.5])).toThrow(/difference 1 must be whole, got 0.5/);
  });
});

describe('Holm’s correction', () => {
  it('is the published one', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(6)))).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});
