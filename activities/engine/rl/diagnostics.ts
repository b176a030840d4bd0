/**
 * Metrics that tell whether policy training is healthy; none of them is trained on.
 *
 * What the ratio π / π_old says is worked out in the training graph, beside the loss. What a round's answers say before any
 * update is worked out in plain arrays, from scores that the loss needs anyway.
 */
import { at } from '../../invariant.js';
import type { Tensor } from '../graph/graph.js';
import { max, multiply, subtract, sum } from '../graph/operators.js';
import type { ClippedSurrogate } from './clippedSurrogate.js';

/**
 * What the ratio ρ = π / π_old of the answer tokens tells; `weights [n]` are those of the loss or of its metrics.
 *
 * - `clipFraction`: weighted share of tokens whose clipped term is the larger one.
 * - `ratio`: weighted mean of ρ.
 * - `approximateKl`: KL(π_old ‖ π), estimated by the mean of (ρ − 1) − log ρ: never negative, and unbiased (Schulman, 2020, "k3").
 * - `largestRatio`: the largest ρ of any token.
 */
export function ratioDiagnostics(
  { clipped, ratio, logRatio }: ClippedSurrogate,
  weights: Tensor,
): { readonly metrics: Readonly<Record<string, Tensor>>; readonly peaks: Readonly<Record<string, Tensor>> } {
  const divergence = subtract(subtract(ratio, 1), logRatio);
  return {
    metrics: {
      clipFraction: sum(multiply(clipped, weights)),
      ratio: sum(multiply(ratio, weights)),
      approximateKl: sum(multiply(divergence, weights)),
    },
    peaks: { largestRatio: max(ratio) },
  };
}

/** One sampled answer, an entry an answer token in every array. */
export interface AnswerUnderPolicies {
  /** log π of the policy that is about to be updated. */
  readonly logProbs: ArrayLike<number>;
  /** Entropy of its distribution at each token, in nats. */
  readonly entropies: ArrayLike<number>;
  /** log π of the frozen reference. */
  readonly referenceLogProbs: ArrayLike<number>;
  /** log π as the sampler reported it. */
  readonly sampledLogProbs: ArrayLike<number>;
}

/** All in nats or tokens; zeros without answers. */
export interface RolloutDiagnostics {
  /** Mean entropy of the distributions that answer tokens were drawn from. */
  readonly entropy: number;
  /** Their sum over an answer, averaged over answers: an unbiased estimate of the entropy of whole answers. */
  readonly entropyPerSequence: number;
  readonly answerLength: number;
  /** Largest |log π sampled − log π recomputed|: how far the sampler is from the training graph. */
  readonly samplerMismatch: number;
  /** Mean of log π − log π_ref over answer tokens. */
  readonly klPerToken: number;
  /** The same summed over an answer, averaged over answers. */
  readonly klPerSequence: number;
}

export function rolloutDiagnostics(answers: readonly AnswerUnderPolicies[]): RolloutDiagnostics {
  let [tokens, entropy, kl, mismatch] = [0, 0, 0, 0];
  for (const { logProbs, entropies, referenceLogProbs, sampledLogProbs } of answers) {
    tokens += logProbs.length;
    for (let token = 0; token < logProbs.length; token++) {
      const logProb = at(logProbs, token);
      entropy += at(entropies, token);
      kl += logProb - at(referenceLogProbs, token);
      mismatch = Math.max(mismatch, Math.abs(logProb - at(sampledLogProbs, token)));
    }
  }
  const count = Math.max(1, answers.length);
  return {
    entropy: entropy / Math.max(1, tokens),
    entropyPerSequence: entropy / count,
    answerLength: tokens / count,
    samplerMismatch: mismatch,
    klPerToken: kl / Math.max(1, tokens),
    klPerSequence: kl / count,
  };
}

/**
 * 1 − Var(R − V) / Var(R) over all answer tokens: 1 is a perfect critic, 0 one no better than a constant, below 0 a worse one.
 * 0 where all returns are equal.
 */
export function explainedVariance(returns: readonly number[], values: readonly number[]): number {
  const residuals = returns.map((target, index) => target - at(values, index));
  const variance = squaredDeviations(returns);
  return variance > 0 ? 1 - squaredDeviations(residuals) / variance : 0;
}

/** Σ (x − mean)²: what variances are made of. */
function squaredDeviations(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
  return values.reduce((total, value) => total + (value - mean) ** 2, 0);
}
