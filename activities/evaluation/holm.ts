/**
 * p-values corrected for there being several of them (Holm, "A simple sequentially rejective multiple test procedure", 1979).
 *
 * The smallest times their number, the next times one less, …, never falling. Below 0.05 they are all right at once with 95 % confidence.
 */

/** In the order given. */
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
