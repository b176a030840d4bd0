/** From a question's answers to a verdict, and from all verdicts to the metrics of the table. */

import type { Comparison } from '../rewards/compareAnswers.js';
import { accuracyOf } from './accuracy.js';
import { passAt, passSizes } from './passAt.js';
import type { EvaluationMetrics, Verdict } from './types.js';
import { type Candidate, rerank, vote } from './voting.js';

/** Which ways to pick an answer from K samples of one question got it right; with probabilities also those that need a reward model. */
export function sampledVerdict(
  samples: readonly Candidate[],
  probabilities: readonly number[] | null,
  comparison?: Comparison,
): Omit<Verdict, 'top1'> {
  // Where no sample has an answer, none is picked: that is wrong.
  const isRight = (chosen: Candidate | null): boolean => chosen?.correct === true;
  return {
    voting: isRight(vote(samples, undefined, comparison)),
    ...(probabilities && {
      reranking: isRight(rerank(samples, probabilities, comparison)),
      weightedVoting: isRight(vote(samples, probabilities, comparison)),
    }),
    correct: samples.filter(({ correct }) => correct).length,
  };
}

/** @param samples K, the same for every question; 0 when there were greedy answers only. */
export function metricsOf(verdicts: readonly Verdict[], samples: number): EvaluationMetrics {
  const accuracy = (isRight: (verdict: Verdict) => boolean | undefined) =>
    accuracyOf(verdicts.filter(isRight).length, verdicts.length);
  const top1 = accuracy((verdict) => verdict.top1);
  if (samples === 0) return { top1, samples };
  const rewardModelScores = verdicts.some(({ reranking }) => reranking !== undefined);
  return {
    top1,
    voting: accuracy(({ voting }) => voting),
    ...(rewardModelScores && {
      reranking: accuracy(({ reranking }) => reranking),
      weightedVoting: accuracy(({ weightedVoting }) => weightedVoting),
    }),
    upperBound: accuracy(({ correct = 0 }) => correct > 0),
    passAt: passSizes(samples).map((k) => {
      const total = verdicts.reduce((sum, { correct = 0 }) => sum + passAt(k, samples, correct), 0);
      return { k, percent: (100 * total) / Math.max(1, verdicts.length) };
    }),
    samples,
  };
}
