/**
 * The loss of GRPO and RLOO on answer tokens laid flat: PPO's clipped policy loss, and β times an estimate of the KL divergence
 * from the reference where the penalty is in the loss.
 *
 * The estimate is k3 of Schulman's "Approximating KL divergence" (2020), as in GRPO: π_ref/π − log(π_ref/π) − 1, never negative.
 */
import type { Tensor } from '../graph/graph.js';
import { add, exp, multiply, subtract, sum } from '../graph/operators.js';
import { clippedSurrogate } from './clippedSurrogate.js';
import { type RatioDiagnostics, ratioDiagnostics } from './diagnostics.js';

/** All `[n]`, one entry an answer token. */
export interface GroupPolicyTokens {
  readonly oldLogProbs: Tensor;
  readonly referenceLogProbs: Tensor;
  readonly advantages: Tensor;
  /** In the loss (`normalisation.ts`). */
  readonly weights: Tensor;
  /** In the metrics: a mean over each answer's tokens, then over answers. */
  readonly shares: Tensor;
}

export interface GroupPolicyOptions {
  readonly clipRange: number;
  /** Of the KL estimate in the loss. */
  readonly klCoefficient: number;
}

export interface GroupPolicyLoss extends RatioDiagnostics {
  readonly total: Tensor;
  readonly policy: Tensor;
  /** The KL estimate, normalised as the loss. */
  readonly kl: Tensor;
  /** Share of tokens whose clipped term is the larger one; it and the ratio's metrics by `shares`. */
  readonly clipFraction: Tensor;
}

/** `logProbs [n]` under the parameters being trained. */
export function groupPolicyLoss(
  logProbs: Tensor,
  tokens: GroupPolicyTokens,
  options: GroupPolicyOptions,
): GroupPolicyLoss {
  const { loss, clipped, ratio, logRatio } = clippedSurrogate(logProbs, tokens, options.clipRange);
  const policy = sum(multiply(loss, tokens.weights));
  const difference = subtract(tokens.referenceLogProbs, logProbs);
  const kl = sum(multiply(add(subtract(exp(difference), difference), -1), tokens.weights));
  return {
    // Without a penalty the estimate, which may be infinite, must not touch the loss.
    total: add(policy, options.klCoefficient > 0 ? multiply(kl, options.klCoefficient) : 0),
    policy,
    kl,
    clipFraction: sum(multiply(clipped, tokens.shares)),
    ...ratioDiagnostics(logRatio, ratio, tokens.shares),
  };
}
