/** pass@k against the enumeration that defines it. */

import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../activities/errors.js';
import { passAt, passSizes } from '../../../activities/evaluation/passAt.js';

/** Every way to pick k of the samples 0 … n − 1, the first c of which are right: the share that holds a right one. */
function byEnumeration(k: number, n: number, c: number): number {
  let ways = 0;
  let passing = 0;
  for (let picked = 0; picked < 2 ** n; picked++) {
    if (bits(picked) !== k) continue;
    ways += 1;
    if ((picked & (2 ** c - 1)) !== 0) passing += 1;
  }
  return passing / ways;
}

function bits(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest &= rest - 1) count += 1;
  return count;
}

describe('pass@k', () => {
  it('is the share of all choices of k samples that hold a right one', () => {
    for (let n = 1; n <= 10; n++)
      for (let k = 1; k <= n; k++)
        for (let c = 0; c <= n; c++) expect(passAt(k, n, c)).toBeCloseTo(byEnumeration(k, n, c), 12);
  });
  it('is the share of right samples at k = 1, and any right at k = n', () => {
    expect(passAt(1, 100, 37)).toBeCloseTo(0.37, 12);
    expect([passAt(100, 100, 0), passAt(100, 100, 1)]).toEqual([0, 1]);
  });
  it('refuses what no sampling can give', () => {
    for (const [k, n, c] of [
      [0, 5, 1],
      [6, 5, 1],
      [1, 5, 6],
      [1, 5, -1],
      [1.5, 5, 1],
    ] as const)
      expect(() => passAt(k, n, c)).toThrow(InternalError);
  });
  it('is told for powers of two and for all samples', () => {
    expect([passSizes(0), passSizes(1), passSizes(8), passSizes(100)]).toEqual([
      [],
      [1],
      [1, 2, 4, 8],
      [1, 2, 4, 8, 16, 32, 64, 100],
    ]);
  });
});
