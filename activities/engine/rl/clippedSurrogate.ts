/** PPO's clipped policy loss (Schulman et al., 2017), token by token: what PPO, GRPO and RLOO share. */
import type { Tensor } from '../graph/graph.js';
import { cast, exp, less, maximum, minimum, multiply, negate, subtract } from '../graph/operators.js';

/** All `[n]`, one entry an answer token. */
export interface ClippedSurrogate {
  /** max(−Âρ, −Â·clip(ρ, 1±ε)). */
  readonly loss: Tensor;
  /** 1 where the clipped term is the larger one, else 0. */
  readonly clipped: Tensor;
  /** ρ = exp(log π − log π_old). */
  readonly ratio: Tensor;
  readonly logRatio: Tensor;
}

/** All `[n]`; `logProbs` under the parameters in training. */
export function clippedSurrogate(
  logProbs: Tensor,
  oldLogProbs: Tensor,
  advantages: Tensor,
  clipRange: number,
): ClippedSurrogate {
  const logRatio = subtract(logProbs, oldLogProbs);
  const ratio = exp(logRatio);
  const gain = negate(advantages);
  const unclipped = multiply(gain, ratio);
  const clipped = multiply(gain, clamp(ratio, 1 - clipRange, 1 + clipRange));
  return {
    loss: maximum(unclipped, clipped),
    clipped: cast(less(unclipped, clipped), 'float32'),
    ratio,
    logRatio,
  };
}

export function clamp(x: Tensor, low: number, high: number): Tensor {
  return minimum(maximum(x, low), high);
}
