/** A share of right answers with its 95 % interval. */
import type { Accuracy } from './types.js';

/** 97.5th percentile of the standard normal distribution. */
const z = 1.959963984540054;

/**
 * Accuracy in percent with the Wilson score interval (E. B. Wilson, 1927), which unlike p ± z·σ stays within 0 … 100 and holds
 * for few questions too. Nothing counted: 0 with the interval 0 … 100.
 */
export function accuracyOf(correct: number, count: number): Accuracy {
  if (count === 0) return { percent: 0, low: 0, high: 100, correct, count };
  const share = correct / count;
  const scale = 1 + z ** 2 / count;
  const centre = (share + z ** 2 / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  return {
    percent: 100 * share,
    // At 0 and 1 the exact bound is the share itself; rounding must not step over it.
    low: correct === 0 ? 0 : 100 * (centre - half),
    high: correct === count ? 100 : 100 * (centre + half),
    correct,
    count,
  };
}
