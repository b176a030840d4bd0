/**
 * Whether two methods that answered the same questions differ: a paired permutation test, exact.
 *
 * Were the methods alike, then on any question it would have been as likely that the one's answers had been the other's: the
 * sign of each question's difference is a coin toss. The p-value is the share of all sign patterns whose sum is at least as
 * far from zero as the one seen. For a single training of each method this is McNemar's exact test; where several seeds
 * answered the same questions, a question's differences are summed first and keep one sign, because they are not independent.
 * It is a statement about these trained models; how much trainings vary is in the bootstrap's intervals.
 */

import { InternalError } from '../errors.js';
import { at } from '../invariant.js';

/**
 * Two-sided p-value of whole-numbered differences, one for each question; zeros change nothing.
 *
 * Nothing is sampled: differences of one size d add up to d · (2X − m) with X ~ Binomial(m, ½), and the sizes' distributions
 * are convolved.
 * @throws InternalError when a difference is no whole number.
 */
export function pairedTest(differences: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  let seen = 0;
  for (let index = 0; index < differences.length; index++) {
    const difference = at(differences, index);
    if (!Number.isInteger(difference)) throw new InternalError(`difference ${index} must be whole, got ${difference}`);
    seen += difference;
    const size = Math.abs(difference);
    if (size > 0) counts.set(size, (counts.get(size) ?? 0) + 1);
  }
  // Place i of the distribution is the sum i − (length − 1) / 2.
  let distribution = Float64Array.of(1);
  for (const [size, count] of counts) distribution = convolve(distribution, coins(count), 2 * size);
  const centre = (distribution.length - 1) / 2;
  let p = 0;
  distribution.forEach((probability, place) => {
    if (Math.abs(place - centre) >= Math.abs(seen)) p += probability;
  });
  return Math.min(1, p);
}

/** P(X = x) for x = 0 … m heads of m fair coins, through logarithms: ½^m alone underflows for m > 1,074. */
function coins(m: number): Float64Array {
  const probabilities = new Float64Array(m + 1);
  let logarithm = -m * Math.LN2;
  for (let x = 0; x <= m; x++) {
    probabilities[x] = Math.exp(logarithm);
    logarithm += Math.log((m - x) / (x + 1));
  }
  return probabilities;
}

/** The distribution of a sum whose second part takes steps of `stride` places. */
function convolve(first: Float64Array, second: Float64Array, stride: number): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(first.length + (second.length - 1) * stride);
  first.forEach((a, i) => {
    second.forEach((b, j) => {
      const place = i + j * stride;
      sum[place] = at(sum, place) + a * b;
    });
  });
  return sum;
}

/**
 * p-values corrected for there being several of them (Holm, 1979), in the order given: the smallest times their number, the
 * next times one less, …, never falling. Below 0.05 they are all right at once with 95 % confidence.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const corrected = new Array<number>(pValues.length).fill(0);
  let largest = 0;
  order.forEach(({ p, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * p));
    corrected[index] = largest;
  });
  return corrected;
}
