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
 * - `clipFraction`: weighted share of tokens whose clipped term is the larger one; of it `clipFractionHigh` for a ratio above the
 *   clip range, which a positive advantage raised, and `clipFractionLow` for one below it.
 * - `ratio`: weighted mean of ρ.
 * - `approximateKl`: KL(π_old ‖ π), estimated by the mean of (ρ − 1) − log ρ: never negative, and unbiased (Schulman, 2020, "k3").
 * - `largestRatio`: the largest ρ of any token.
 *
 * @param tokens their own ratios, where ρ is that of whole answers
 */
export function ratioDiagnostics(
  { clipped, clippedLow, ratio, logRatio }: ClippedSurrogate,
  weights: Tensor,
  tokens: Pick<ClippedSurrogate, 'ratio' | 'logRatio'> = { ratio, logRatio },
): { readonly metrics: Readonly<Record<string, Tensor>>; readonly peaks: Readonly<Record<string, Tensor>> } {
  const divergence = subtract(subtract(tokens.ratio, 1), tokens.logRatio);
  return {
    metrics: {
      clipFraction: sum(multiply(clipped, weights)),
      clipFractionHigh: sum(multiply(subtract(clipped, clippedLow), weights)),
      clipFractionLow: sum(multiply(clippedLow, weights)),
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

/** All in nats or tokens but for the ratio; of no answers zeros, and a ratio of 1. */
export interface RolloutDiagnostics {
  /** Mean entropy of the distributions that answer tokens were drawn from. */
  readonly entropy: number;
  /** Their sum over an answer, averaged over answers: an unbiased estimate of the entropy of whole answers. */
  readonly entropyPerSequence: number;
  readonly answerLength: number;
  /** Largest |log π sampled − log π recomputed|: how far the sampler is from the training graph. */
  readonly samplerMismatch: number;
  /** Its mean over answer tokens. */
  readonly samplerMismatchMean: number;
  /** Mean of π recomputed / π sampled over answer tokens: 1 where the two agree. */
  readonly samplerRatio: number;
  /** Mean of log π − log π_ref over answer tokens. */
  readonly klPerToken: number;
  /** The same summed over an answer, averaged over answers. */
  readonly klPerSequence: number;
}

export function rolloutDiagnostics(answers: readonly AnswerUnderPolicies[]): RolloutDiagnostics {
  let [tokens, entropy, kl] = [0, 0, 0];
  let [mismatch, mismatches, ratios] = [0, 0, 0];
  for (const { logProbs, entropies, referenceLogProbs, sampledLogProbs } of answers) {
    tokens += logProbs.length;
    for (let token = 0; token < logProbs.length; token++) {
      const logProb = at(logProbs, token);
      entropy += at(entropies, token);
      kl += logProb - at(referenceLogProbs, token);
      const difference = logProb - at(sampledLogProbs, token);
      mismatch = Math.max(mismatch, Math.abs(difference));
      mismatches += Math.abs(difference);
      ratios += Math.exp(difference);
    }
  }
  const count = Math.max(1, answers.length);
  return {
    entropy: entropy / Math.max(1, tokens),
    entropyPerSequence: entropy / count,
    answerLength: tokens / count,
    samplerMismatch: mismatch,
    samplerMismatchMean: mismatches / Math.max(1, tokens),
    samplerRatio: tokens === 0 ? 1 : ratios / tokens,
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
