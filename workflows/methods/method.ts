/** What every training method is given, keeps between two units of work, and gives back. */
import type { Ancestor } from '../../activities/branchPoints.js';
import type { ChooseQuestionsResult } from '../../activities/chooseQuestions.js';
import type { DataSetRef, PreparedData } from '../../activities/data/types.js';
import type { MemoryBudget } from '../../activities/engine/training/memoryBudget.js';
import { InvalidSpec } from '../../activities/errors.js';
import type { PretrainedModel } from '../../activities/pretrained/source.js';
import type { CurvePoint, TrainingWarning, Work } from '../../activities/report/types.js';
import type { RoundNeeds } from '../../activities/retention/notes.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import { type MethodName, methods } from '../config/methods.js';
import type { Spec } from '../config/spec.js';
import type { Controls, Journal } from '../monitoring/journal.js';
import type { Measured, Training } from '../steps/validate.js';

/** The start that all methods share. */
export interface SharedStart {
  readonly data: PreparedData;
  /** The warm-up: where a method starts from, and the checkpoint to beat. */
  readonly start: Measured;
  /** The model before the warm-up: where offline self-training starts again. */
  readonly base: CheckpointRef;
  /** What was planned for all of them. */
  readonly memory?: MemoryBudget | undefined;
}

/** Plain JSON, changed in place and carried whole through continue-as-new. */
export interface MethodState {
  /** A method's hyperparameters in it may be changed on the way. */
  spec: Spec;
  readonly journal: Journal;
  /** Absent until the first unit of training. */
  training?: Training;
  /** The questions that the method trains on, where `difficulty` has them chosen. */
  chosen?: ChooseQuestionsResult;
  /** The scored samples of what is under way before the first unit of training, a reference a shard. */
  samples?: ObjectRef[];
  /** What offline self-training trains on, once it has sampled. */
  enlarged?: DataSetRef;
  /** Where the specification names a model to start from. */
  pretrained?: PretrainedModel;
  /** Runs that this one was branched from, oldest first. */
  lineage?: readonly Ancestor[];
  /** Curve points moved out of the journal, so that neither history nor state grows with the run. */
  curve?: ObjectRef | null;
  /** Set once other runs can branch from this one. */
  startKept?: true;
}

/**
 * Trains to the end, or to where it is stopped, and returns the best checkpoint on validation.
 *
 * `safePoint` is awaited before each unit of work: there a run may wait, save its curve or continue as new. What is under way
 * is found again in `run`.
 */
export type TrainMethod = (run: MethodState, shared: SharedStart, safePoint: () => Promise<void>) => Promise<Measured>;

/** Input of a method's own workflow. */
export interface MethodInput extends SharedStart {
  readonly spec: Spec;
  /** How far it is, where it goes on from an earlier run. */
  readonly training?: Training;
  /** Of the parent run, which passes on changes by the signal `controls`. */
  readonly controls?: Controls;
}

/** Result of a method's own workflow: the best checkpoint on validation, its accuracy there, and when it was reached. */
export interface MethodResult extends Measured {
  readonly version: number;
  /** Epochs or rounds in all. */
  readonly done: number;
  /** The curve, thinned where it is long. */
  readonly points: readonly CurvePoint[];
  readonly warnings: readonly TrainingWarning[];
  /** Engine work by what it was for. */
  readonly work: Readonly<Record<string, Work>>;
  /** Where `difficulty` had questions chosen. */
  readonly difficulty?: ChooseQuestionsResult;
}

/** What going on from the end of the round under way will need, and nothing else of the run tells. */
export function needsOf({ curve, enlarged }: MethodState, { best }: Training): RoundNeeds {
  return { best: best.checkpoint, others: [...(curve ? [curve] : []), ...(enlarged ? [enlarged] : [])] };
}

/** Epochs or rounds trained so far. */
export function unitsDone({ training }: MethodState): number {
  return training === undefined ? 0 : training.done;
}

type MethodSection<Name extends MethodName> = (typeof methods)[Name]['section'];

/**
 * The method's settings.
 * @throws InvalidSpec where the specification has none.
 */
export function settingsOf<Name extends MethodName>(spec: Spec, method: Name): NonNullable<Spec[MethodSection<Name>]> {
  const { section } = methods[method];
  const settings = spec[section];
  if (settings === null) throw new InvalidSpec(`${section}: method ${method} needs it`);
  return settings as NonNullable<Spec[MethodSection<Name>]>;
}
