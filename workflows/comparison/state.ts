/** What a comparison knows between two children: small, plain JSON, carried whole through continue-as-new. */
import type {
  CheckpointRef,
  ComparedModel,
  ComparedTraining,
  EvaluationFigures,
  ObjectRef,
} from '../../activities/contracts.js';
import type { Measured } from '../checkpoints.js';
import { beginPhase, type Journal, openJournal } from '../journal.js';
import type { SharedStart } from '../methods/method.js';
import type { CompareSpec } from '../spec/compareSpec.js';

export interface ComparisonState {
  readonly journal: Journal;
  /** By seed. */
  readonly starts: Record<string, SharedStart>;
  readonly judges: Record<string, CheckpointRef>;
  /** By `<seed> <model>`. */
  readonly trained: Record<string, Trained>;
  readonly evaluated: Record<string, { readonly figures: EvaluationFigures; readonly verdicts: ObjectRef }>;
  /** Children whose results were there already. */
  reused: number;
  failures: Failure[];
}

/** What a method has made of a seed's warm-up, and how that went. */
export type Trained = Measured & Omit<ComparedTraining, 'model' | 'seed'>;

/** A child that failed; what depends on it is left out. */
export interface Failure {
  /** `ReFT, seed 3`. */
  readonly child: string;
  readonly message: string;
}

export function openComparison(): ComparisonState {
  return { journal: openJournal(), starts: {}, judges: {}, trained: {}, evaluated: {}, reused: 0, failures: [] };
}

/** The warm-up and the methods: the rows of the table. */
export function modelsOf({ methods: names }: CompareSpec): readonly ComparedModel[] {
  return ['warmUp', ...names];
}

export function memberKey(seed: number, model: ComparedModel): string {
  return `${seed} ${model}`;
}

/** Children in all: for each seed a warm-up, a judge where samples are reranked, and per model a training and an evaluation. */
export function countChildren(spec: CompareSpec): number {
  return spec.seeds.length * (1 + (hasJudge(spec) ? 1 : 0) + 1 + 2 * spec.methods.length);
}

export function hasJudge({ run }: CompareSpec): boolean {
  return run.rewardModel !== null && run.evaluation.samplesPerQuestion > 0;
}

export function comparisonPhase(spec: CompareSpec, { journal }: ComparisonState) {
  return beginPhase(journal, 'comparison', 'step', countChildren(spec));
}
