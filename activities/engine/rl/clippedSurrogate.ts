/** PPO's clipped policy loss (Schulman et al., 2017), token by token: what all algorithms here share. */
import type { Tensor } from '../graph/graph.js';
import { cast, exp, less, maximum, minimum, multiply, negate } from '../graph/operators.js';
import type { ClipRange } from './options.js';

/** All `[n]`, one entry an answer token. */
export interface ClippedSurrogate {
  /** max(−Âρ, −Â·clip(ρ, 1 − ε_low, 1 + ε_high)). */
  readonly loss: Tensor;
  /** 1 where the clipped term is the larger one, else 0. */
  readonly clipped: Tensor;
  /** 1 where that is for a ratio below 1, which only a negative Â can make it, else 0. */
  readonly clippedLow: Tensor;
  /** ρ = exp(log π − log π_old), of the token or of its whole answer. */
  readonly ratio: Tensor;
  readonly logRatio: Tensor;
}

/** `logRatio` (log π − log π_old, π under the parameters in training) and `advantages` are `[n]`. */
export function clippedSurrogate(logRatio: Tensor, advantages: Tensor, clipRange: ClipRange): ClippedSurrogate {
  const { low, high } = typeof clipRange === 'number' ? { low: clipRange, high: clipRange } : clipRange;
  const ratio = exp(logRatio);
  const gain = negate(advantages);
  const unclipped = multiply(gain, ratio);
  const clippedTerm = multiply(gain, clamp(ratio, 1 - low, 1 + high));
  const clipped = cast(less(unclipped, clippedTerm), 'float32');
  return {
    loss: maximum(unclipped, clippedTerm),
    clipped,
    clippedLow: multiply(clipped, cast(less(advantages, 0), 'float32')),
    ratio,
    logRatio,
  };
}

export function clamp(x: Tensor, low: number, high: number): Tensor {
  return minimum(maximum(x, low), high);
}
