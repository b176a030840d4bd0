/** What a comparison knows between two children: small, plain JSON, carried whole through continue-as-new. */

import type { ComparedModel, EvaluationMetrics } from '../../activities/evaluation/types.js';
import type { ComparedTraining } from '../../activities/report/types.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import type { CompareSpec } from '../config/compare.js';
import type { SharedStart } from '../methods/method.js';
import { beginPhase, type Journal, openJournal } from '../monitoring/journal.js';
import type { Measured } from '../steps/validate.js';

export interface ComparisonState {
  readonly journal: Journal;
  /** The warm-up, and the reward model of all models' samples. */
  start?: SharedStart;
  rewardModel?: CheckpointRef;
  /** By `<seed> <model>`; the warm-up's evaluation under the seed of the run. */
  readonly trained: Record<string, Trained>;
  readonly evaluated: Record<string, { readonly metrics: EvaluationMetrics; readonly verdicts: ObjectRef }>;
  /** Children whose results were there already. */
  reused: number;
  failures: Failure[];
}

/** What a method has made of the warm-up with a seed, and how that went. */
export type Trained = Measured & Omit<ComparedTraining, 'model' | 'seed'>;

/** A child that failed; what depends on it is left out. */
export interface Failure {
  /** `ReFT, seed 3`. */
  readonly child: string;
  readonly message: string;
}

export function openComparison(): ComparisonState {
  return { journal: openJournal(), trained: {}, evaluated: {}, reused: 0, failures: [] };
}

/** The seeds of a model's trainings; of the warm-up the one of the run. */
export function seedsOf(spec: CompareSpec, model: ComparedModel): readonly number[] {
  return model === 'warmUp' ? [spec.run.seed] : spec.seeds;
}

export function memberKey(seed: number, model: ComparedModel): string {
  return `${seed} ${model}`;
}

/**
 * Children in all: the warm-up and its evaluation, a reward model where samples are reranked, per method and seed a training and an
 * evaluation.
 */
export function countChildren(spec: CompareSpec): number {
  return 2 + (hasRewardModel(spec) ? 1 : 0) + 2 * spec.seeds.length * spec.methods.length;
}

export function hasRewardModel({ run }: CompareSpec): boolean {
  return run.rewardModel !== null && run.evaluation.samplesPerQuestion > 0;
}

export function comparisonPhase(spec: CompareSpec, { journal }: ComparisonState) {
  return beginPhase(journal, 'comparison', 'step', countChildren(spec));
}
