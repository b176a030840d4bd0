/** pass@k: how often at least one of k sampled answers is right, estimated without bias from n ≥ k samples a question. */

import { InternalError } from '../errors.js';

/**
 * 1 − C(n − c, k) / C(n, k) for a question of whose n samples c are right: the share of all ways to pick k of them that hold
 * a right one. Written as a product, so that no binomial coefficient overflows (Chen et al., "Evaluating large language
 * models trained on code", 2021, section 2.1).
 * @throws InternalError unless 0 ≤ c ≤ n and 1 ≤ k ≤ n, in whole numbers.
 */
export function passAt(k: number, n: number, c: number): number {
  if (![k, n, c].every(Number.isInteger) || c < 0 || c > n || k < 1 || k > n)
    throw new InternalError(`pass@k needs 0 ≤ c ≤ n and 1 ≤ k ≤ n, got k ${k}, n ${n}, c ${c}`);
  if (n - c < k) return 1;
  let allWrong = 1;
  for (let i = n - c + 1; i <= n; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/** The k that are worth a metric where n samples were drawn: 1, 2, 4, … and n itself. */
export function passSizes(n: number): number[] {
  const sizes: number[] = [];
  for (let k = 1; k < n; k *= 2) sizes.push(k);
  return n < 1 ? [] : [...sizes, n];
}
