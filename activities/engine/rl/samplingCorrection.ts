/**
 * Truncated importance sampling (Yao et al., 2025, "Your efficient RL framework secretly brings you off-policy RL training"): tokens
 * were drawn by the sampler's arithmetic, which may differ from the trainer's (half precision, another runtime). Each token's policy
 * loss is weighted by min(π_old / π_sampler, cap), π_old being the trainer's.
 *
 * The weight is positive and the clipped loss linear in the advantage, so weighting the advantages does the same.
 */
import { at } from '../../invariant.js';
import type { SamplingCorrection } from './options.js';

/**
 * One answer's advantages, a number a token or one for all of them, weighted.
 * @param sampledLogProbs the sampler's log π, as long as `logProbs`.
 */
export function correctAdvantages<Advantages extends Float64Array | number>(
  advantages: Advantages,
  { logProbs, sampledLogProbs }: { readonly logProbs: Float32Array; readonly sampledLogProbs: ArrayLike<number> },
  correction: SamplingCorrection,
): Advantages | Float64Array {
  if (correction === null) return advantages;
  return Float64Array.from(logProbs, (logProb, token) => {
    const weight = Math.min(Math.exp(logProb - at(sampledLogProbs, token)), correction.cap);
    return weight * (typeof advantages === 'number' ? advantages : at(advantages, token));
  });
}
