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

/** A training of a comparison: the warm-up's, or that of a method from the warm-up. By their seeds. */
export interface ComparedSeeds {
  readonly warmUp: number;
  /** Absent for the warm-up itself. */
  readonly seed?: number;
}

/** A model under a measure, over its trainings: all in percent. */
export interface MeasureMetrics {
  readonly measure: MeasureName;
  /** In the order of the row's trainings. */
  readonly perTraining: readonly number[];
  readonly mean: number;
  /** Between trainings; absent for a single one. */
  readonly standardDeviation?: number;
  /** The mean's 95 % interval. */
  readonly low: number;
  readonly high: number;
}

/** How far `a` is above `b` under a measure, on the same questions, in points of percent. */
export interface PairMetrics {
  readonly measure: MeasureName;
  readonly a: ComparedModel;
  readonly b: ComparedModel;
  readonly difference: number;
  /** Its 95 % interval. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, by the interval's own model; `pCorrected` is Holm's for all pairs under this measure. Absent for a single training. */
  readonly p?: number;
  readonly pCorrected?: number;
  /** Trainings that both have, by warm-up and seed, and the warm-ups that these started from. */
  readonly trainings: number;
  readonly warmUps: number;
}

export interface ComparisonMetrics {
  readonly measures: readonly MeasureName[];
  readonly rows: readonly {
    readonly model: ComparedModel;
    readonly trainings: readonly ComparedSeeds[];
    readonly measures: readonly MeasureMetrics[];
  }[];
  readonly pairs: readonly PairMetrics[];
  /** Warm-ups that the trainings started from: what is drawn by chance where they are several, else each training is. */
  readonly warmUps: number;
  /** Test questions, the same for all. */
  readonly questions: number;
  /** K of voting and reranking. */
  readonly samples: number;
}
