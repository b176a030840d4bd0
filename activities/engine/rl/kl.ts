/**
 * Estimates of KL(π ‖ π_ref) from tokens that π has drawn (Schulman, 2020, "Approximating KL divergence"). With
 * d = log π_ref − log π:
 *
 * - `k1` = −d: unbiased, of either sign.
 * - `k2` = ½·d²: a little biased, never negative.
 * - `k3` = exp(d) − 1 − d: unbiased, never negative; what GRPO adds to its loss.
 *
 * In the reward the estimate itself counts. In the loss its gradient does, and that of k1 is 0 on average: it holds nothing back.
 * The gradient of k2 is that of the KL divergence on average, as long as π is the policy that drew the tokens.
 */
import { at } from '../../invariant.js';
import type { Tensor } from '../graph/graph.js';
import { add, exp, multiply, negate, subtract } from '../graph/operators.js';
import type { KlEstimator } from './options.js';

/** Of one token, in nats. */
export function klEstimate(estimator: KlEstimator, logProb: number, referenceLogProb: number): number {
  const difference = referenceLogProb - logProb;
  switch (estimator) {
    case 'k1':
      return logProb - referenceLogProb;
    case 'k2':
      return 0.5 * difference ** 2;
    case 'k3':
      return Math.expm1(difference) - difference;
  }
}

interface ScoredAnswer {
  readonly logProbs: Float32Array;
  readonly referenceLogProbs: Float32Array;
}

/** Summed over an answer's tokens, and added to `before`. */
export function answerKl(estimator: KlEstimator, { logProbs, referenceLogProbs }: ScoredAnswer, before = 0): number {
  return logProbs.reduce((kl, own, token) => kl + klEstimate(estimator, own, at(referenceLogProbs, token)), before);
}

/** Of an answer, on average. */
export function meanAnswerKl(estimator: KlEstimator, answers: readonly ScoredAnswer[]): number {
  return answers.reduce((kl, answer) => answerKl(estimator, answer, kl), 0) / Math.max(1, answers.length);
}

/** In a graph, token by token: `[n]`. */
export function klTensor(estimator: KlEstimator, logProbs: Tensor, referenceLogProbs: Tensor): Tensor {
  const difference = subtract(referenceLogProbs, logProbs);
  switch (estimator) {
    case 'k1':
      return negate(difference);
    case 'k2':
      return multiply(multiply(difference, difference), 0.5);
    case 'k3':
      return add(subtract(exp(difference), difference), -1);
  }
}
