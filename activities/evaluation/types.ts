/** What evaluations and comparisons say of models. */

import type { MeasureName } from '../../workflows/config/measures.js';
import type { MethodName } from '../../workflows/config/methods.js';

/** A share of right answers with its 95 % Wilson interval, all in percent (0 … 100). */
export interface Accuracy {
  readonly percent: number;
  readonly low: number;
  readonly high: number;
  readonly correct: number;
  readonly count: number;
}

export interface EvaluationMetrics {
  readonly top1: Accuracy;
  readonly voting?: Accuracy;
  readonly reranking?: Accuracy;
  /** Votes weighted by the reward model's probability. */
  readonly weightedVoting?: Accuracy;
  readonly upperBound?: Accuracy;
  /** pass@k in percent without bias, for k = 1, 2, 4, … and the number of samples. */
  readonly passAt?: readonly { readonly k: number; readonly percent: number }[];
  readonly samples: number;
  /** Means of the reward's parts over the greedy answers that have them; absent where the reward has none. */
  readonly rewardParts?: Readonly<Record<string, number>>;
}

/** One line of a verdicts object (JSON Lines): for one question, whether each way to answer it got it right. */
export interface Verdict {
  readonly top1: boolean;
  readonly voting?: boolean;
  readonly reranking?: boolean;
  readonly weightedVoting?: boolean;
  /** How many of its samples are right; absent without samples. */
  readonly correct?: number;
}

/** Of the warm-up, and of what each method made of it. */
export type RunMetrics = { readonly warmUp: EvaluationMetrics } & {
  readonly [Name in MethodName]?: EvaluationMetrics;
};

/** A row of a comparison: the warm-up, or what a method made of it. */
export type ComparedModel = keyof RunMetrics;

/** A model under a measure, over its seeds: all in percent. */
export interface MeasureMetrics {
  readonly measure: MeasureName;
  /** In the order of the row's seeds; a single one for the warm-up. */
  readonly perSeed: readonly number[];
  readonly mean: number;
  /** Between seeds; absent for a single one. */
  readonly standardDeviation?: number;
  /** The mean's 95 % bootstrap interval. */
  readonly low: number;
  readonly high: number;
}

/** How far `a` is above `b` under a measure, on the same questions, in points of percent. */
export interface PairMetrics {
  readonly measure: MeasureName;
  readonly a: ComparedModel;
  readonly b: ComparedModel;
  readonly difference: number;
  /** Its 95 % bootstrap interval. */
  readonly low: number;
  readonly high: number;
  /** Of the exact paired permutation test, two-sided; `pCorrected` is Holm's for all pairs under this measure. */
  readonly p: number;
  readonly pCorrected: number;
  /** Seeds that have both. */
  readonly seeds: number;
}

export interface ComparisonMetrics {
  readonly measures: readonly MeasureName[];
  readonly rows: readonly {
    readonly model: ComparedModel;
    /** None for the warm-up, which all seeds share. */
    readonly seeds: readonly number[];
    readonly measures: readonly MeasureMetrics[];
  }[];
  readonly pairs: readonly PairMetrics[];
  /** Test questions, the same for all. */
  readonly questions: number;
  /** K of voting and reranking. */
  readonly samples: number;
}
