/**
 * The loss of ReFT's PPO (section "PPO" of the reference; Schulman et al., 2017), on answer tokens laid flat.
 *
 * Per token: policy max(−Âρ, −Â·clip(ρ, 1±ε)) with ρ = exp(log π − log π_old); value ½·max((V−R)², (clip(V, V_old±ε_v)−R)²).
 * `weights` hold 1 / (answer length × sequences), so that each is a mean over a sequence, then over sequences.
 */
import type { Tensor } from '../graph/graph.js';
import { add, maximum, multiply, subtract, sum } from '../graph/operators.js';
import { clamp, clippedSurrogate } from './clippedSurrogate.js';
import { type RatioDiagnostics, ratioDiagnostics } from './diagnostics.js';

/** All `[n]`, one entry an answer token. */
export interface PpoTokens {
  readonly oldLogProbs: Tensor;
  readonly oldValues: Tensor;
  readonly advantages: Tensor;
  readonly returns: Tensor;
  readonly weights: Tensor;
}

export interface PpoOptions {
  readonly clipRange: number;
  readonly valueClipRange: number;
  readonly valueCoefficient: number;
}

export interface PpoLoss extends RatioDiagnostics {
  readonly total: Tensor;
  readonly policy: Tensor;
  readonly value: Tensor;
  /** Weighted share of tokens whose clipped term is the larger one. */
  readonly clipFraction: Tensor;
}

/** `logProbs [n]` and `values [n]` under the parameters being trained. */
export function ppoLoss(logProbs: Tensor, values: Tensor, tokens: PpoTokens, options: PpoOptions): PpoLoss {
  const weightedSum = (x: Tensor): Tensor => sum(multiply(x, tokens.weights));
  const surrogate = clippedSurrogate(logProbs, tokens, options.clipRange);
  const policy = weightedSum(surrogate.loss);

  const nearOldValues = add(
    tokens.oldValues,
    clamp(subtract(values, tokens.oldValues), -options.valueClipRange, options.valueClipRange),
  );
  const error = subtract(values, tokens.returns);
  const clippedError = subtract(nearOldValues, tokens.returns);
  const value = multiply(weightedSum(maximum(multiply(error, error), multiply(clippedError, clippedError))), 0.5);

  return {
    total: add(policy, multiply(value, options.valueCoefficient)),
    policy,
    value,
    clipFraction: weightedSum(surrogate.clipped),
    ...ratioDiagnostics(surrogate.logRatio, surrogate.ratio, tokens.weights),
  };
}
