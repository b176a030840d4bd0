/** What a comparison knows between two children: small, plain JSON, carried whole through continue-as-new. */

import type { EvaluationMetrics } from '../../activities/evaluation/types.js';
import type { ComparedTraining } from '../../activities/report/types.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import type { CompareSpec } from '../config/compare.js';
import type { MethodName } from '../config/methods.js';
import type { SharedStart } from '../methods/method.js';
import { beginPhase, type Journal, openJournal } from '../monitoring/journal.js';
import type { Measured } from '../steps/validate.js';

export interface ComparisonState {
  readonly journal: Journal;
  /** By the warm-up's seed: the warm-up, and the reward model of the samples of all that started from it. */
  readonly starts: Record<string, SharedStart>;
  readonly rewardModels: Record<string, CheckpointRef>;
  /** By `memberKey`. */
  readonly trained: Record<string, Trained>;
  readonly evaluated: Record<string, { readonly metrics: EvaluationMetrics; readonly verdicts: ObjectRef }>;
  /** Children whose results were there already. */
  reused: number;
  failures: Failure[];
}

/** What a method has made of the warm-up with a seed, and how that went. */
export type Trained = Measured & Omit<ComparedTraining, keyof TrainedMember>;

/** A child that failed; what depends on it is left out. */
export interface Failure {
  /** `ReFT, seed 3`. */
  readonly child: string;
  readonly message: string;
}

export function openComparison(): ComparisonState {
  return { journal: openJournal(), starts: {}, rewardModels: {}, trained: {}, evaluated: {}, reused: 0, failures: [] };
}

/** One model of the comparison: a warm-up by its seed, or what a method made of it with a seed. */
export interface WarmUpMember {
  readonly model: 'warmUp';
  readonly warmUp: number;
}
export interface TrainedMember {
  readonly model: MethodName;
  readonly warmUp: number;
  readonly seed: number;
}
export type Member = WarmUpMember | TrainedMember;

export function trainedMembers({ warmUps, seeds, methods }: CompareSpec): TrainedMember[] {
  return warmUps.flatMap((warmUp) => seeds.flatMap((seed) => methods.map((model) => ({ model, warmUp, seed }))));
}

export function warmUpMembers({ warmUps }: CompareSpec): WarmUpMember[] {
  return warmUps.map((warmUp) => ({ model: 'warmUp', warmUp }));
}

export function memberKey(member: Member): string {
  return member.model === 'warmUp' ? `${member.warmUp}` : `${member.warmUp} ${member.seed} ${member.model}`;
}

/**
 * Children in all, for each warm-up: the warm-up and its evaluation, a reward model where samples are reranked, per method and seed a
 * training and an evaluation.
 */
export function countChildren(spec: CompareSpec): number {
  const ofWarmUp = 2 + (hasRewardModel(spec) ? 1 : 0) + 2 * spec.seeds.length * spec.methods.length;
  return spec.warmUps.length * ofWarmUp;
}

export function hasRewardModel({ run }: CompareSpec): boolean {
  return run.rewardModel !== null && run.evaluation.samplesPerQuestion > 0;
}

export function comparisonPhase(spec: CompareSpec, { journal }: ComparisonState) {
  return beginPhase(journal, 'comparison', 'step', countChildren(spec));
}
