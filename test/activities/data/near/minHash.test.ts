/** MinHash with banding: it finds sets that share most, and hardly any that share little. */
import { describe, expect, it } from 'vitest';
import { createSimilarSets, hashedSet, similarity } from '../../../../activities/data/near/minHash.js';

const set = (from: number, to: number) =>
  hashedSet(Array.from({ length: to - from }, (_, index) => `m${from + index}`));

it('similarity is that of Jaccard', () => {
  expect(similarity(set(0, 10), set(0, 10))).toBe(1);
  expect(similarity(set(0, 10), set(5, 15))).toBeCloseTo(5 / 15, 12);
  expect(similarity(set(0, 10), set(10, 20))).toBe(0);
  expect(similarity(set(0, 0), set(0, 0))).toBe(1);
});

describe('candidates', () => {
  const found = (shared: number): number => {
    let count = 0;
    for (let trial = 0; trial < 200; trial++) {
      const sets = createSimilarSets();
      const start = trial * 1_000;
      sets.add(set(start, start + 100));
      // 100 members each, `shared` of them in both.
      count += sets.candidates(set(start + 100 - shared, start + 200 - shared)).length;
    }
    return count / 200;
  };
  it('are nearly all of those that share 70 % and more', () => {
    expect(found(100)).toBe(1);
    expect(found(83)).toBeGreaterThan(0.98);
  });
  it('are few of those that share little', () => {
    expect(found(20)).toBeLessThan(0.02);
    expect(found(0)).toBe(0);
  });
  it('are named by their place', () => {
    const sets = createSimilarSets();
    for (const from of [0, 500, 10]) sets.add(set(from, from + 100));
    expect(sets.candidates(set(1, 101))).toEqual([0, 2]);
  });
});
