/** All a run knows between two units of work: small, plain JSON, carried whole through continue-as-new. */

import type { Ancestor } from '../activities/branchPoints.js';
import type { ChooseQuestionsResult } from '../activities/chooseQuestions.js';
import type { PreparedData } from '../activities/data/types.js';
import type { MemoryBudget } from '../activities/engine/training/memoryBudget.js';
import type { EvaluationMetrics } from '../activities/evaluation/types.js';
import type { PublishRunInput, PublishRunResult } from '../activities/publishRun.js';
import type { TrainingWarning, Work } from '../activities/report/types.js';
import type { CheckpointRef, ObjectRef } from '../activities/store/types.js';
import type { MethodName } from './config/methods.js';
import type { Spec } from './config/spec.js';
import type { MethodState } from './methods/method.js';
import { type Controls, openJournal } from './monitoring/journal.js';
import type { TestAnswers } from './steps/evaluate.js';
import type { RewardModelState } from './steps/rewardModel.js';
import type { Measured } from './steps/validate.js';

/** The models a run compares: the warm-up, and what its methods made of it. */
export type ModelName = 'warmUp' | MethodName;

/** `training` is that of the specification's method; the baseline has a workflow of its own. */
export interface RunState extends MethodState {
  data?: PreparedData;
  /** The model as initialised or imported. */
  base?: CheckpointRef;
  /** It, then after each epoch of the warm-up. */
  warmUp?: { readonly done: number; readonly checkpoint: CheckpointRef };
  /** Set when the warm-up is over. */
  warmUpEnd?: Measured;
  /** The baseline's best epoch. */
  sft?: Measured;
  rewardModel?: RewardModelState;
  rewardModelSamples?: ObjectRef[][];
  readonly testAnswers: { [Name in ModelName]?: TestAnswers };
  metrics: { [Name in ModelName]?: EvaluationMetrics };
  curve: ObjectRef | null;
  /** What a reader of the report should know about this run. */
  notes: string[];
}

/** A run's result: what the workflow returns. Accuracies are percent of the test questions; absent when left out. */
export interface RunResult {
  readonly version: number;
  readonly runId: string;
  /** The best model in Hugging Face layout. */
  readonly model: { readonly bucket: string; readonly prefix: string };
  /** Its checkpoint: the same spec gives the same sha256. */
  readonly checkpoint: CheckpointRef;
  readonly accuracy: {
    readonly warmUp: number;
    readonly sft?: number;
    readonly top1: number;
    readonly voting?: number;
    readonly reranking?: number;
    readonly upperBound?: number;
  };
  readonly metrics: PublishRunInput['metrics'];
  /** Key of the HTML report. */
  readonly report: string;
  readonly published: PublishRunResult;
  /** Each training question's pass rate, and those that were chosen by it. */
  readonly difficulty?: ChooseQuestionsResult;
  /** Runs that this one was branched from, oldest first. */
  readonly lineage: readonly Ancestor[];
  /** Signs of collapse while training. */
  readonly warnings: readonly TrainingWarning[];
  readonly work: Readonly<Record<string, Work>>;
  readonly seconds: number;
}

export function openRun(spec: Spec, controls?: Controls, memory?: MemoryBudget): RunState {
  return { spec, journal: openJournal(controls, memory), testAnswers: {}, metrics: {}, curve: null, notes: [] };
}
