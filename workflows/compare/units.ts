/**
 * The children of a comparison: a warm-up, a reward model, a method's training, a model's evaluation, each a workflow of its own.
 *
 * Each stores its result under its key as its last step, so that a later comparison finds it.
 */
import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { PreparedData } from '../../activities/data/types.js';

import type { MemoryBudget } from '../../activities/engine/training/memoryBudget.js';

import { formats } from '../../activities/formats.js';

import { required } from '../../activities/invariant.js';
import type { Work } from '../../activities/report/types.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import type { TallyEvaluationResult } from '../../activities/tallyEvaluation.js';
import type { MethodName } from '../config/methods.js';
import { resolveSpec } from '../config/resolve.js';
import type { Spec } from '../config/spec.js';
import type { MethodInput, MethodResult, MethodState, SharedStart } from '../methods/method.js';
import { asWorkflow } from '../methods/training.js';
import { beginPhase, type Controls, finishUnit, type Journal, openJournal } from '../monitoring/journal.js';
import { serveProgress, showProgress, whilePaused } from '../monitoring/progress.js';
import { openRun, type RunState } from '../runState.js';
import { general } from '../steps/activities.js';
import { countShards, measureModel, noAnswers, type TestAnswers } from '../steps/evaluate.js';
import { prepareData } from '../steps/prepare.js';
import { openRenewal, type Renewal, takeUp, takeUpRun } from '../steps/renewal.js';
import { trainRewardModel } from '../steps/rewardModel.js';
import type { Measured } from '../steps/validate.js';
import { warmUp } from '../steps/warmUp.js';
import type { Trained } from './state.js';

export interface UnitInput {
  /** Where its result is kept. */
  readonly key: string;
  /** As the comparison resolved it, which may have been of an earlier version: it is resolved again. */
  readonly spec: Spec;
  readonly controls: Controls;
}

/** Engine work by what it was for. */
type WorkByPurpose = Readonly<Record<string, Work>>;

export interface WarmUpInput extends UnitInput {
  /** Of the data, where it is not the warm-up's. */
  readonly dataSeed?: number;
  /** All that the comparison trains from it. */
  readonly methods: readonly MethodName[];
}
export interface WarmUpResult extends SharedStart {
  readonly work: WorkByPurpose;
}

export async function comparisonWarmUp(input: WarmUpInput, carried?: RunState): Promise<WarmUpResult> {
  const run = takeUpRun(formats.runState, carried) ?? openRun(resolveSpec(input.spec), input.controls);
  const renewal = openRenewal(formats.runState);
  serveProgress(run.journal);
  run.data ??= await prepareData(run, { dataSeed: input.dataSeed });
  const renew = (): Promise<void> => renewIfDue(renewal, run.journal, input, run);
  const start = await warmUp(run, run.data, renew, input.methods);
  const base = required(run.base, 'the model before the warm-up');
  return finish(input.key, { data: run.data, start, base, memory: run.journal.budget, work: run.journal.work });
}

export interface RewardModelInput extends UnitInput {
  readonly data: PreparedData;
  readonly memory?: MemoryBudget | undefined;
  readonly start: Measured;
}
export interface RewardModelResult {
  readonly checkpoint: CheckpointRef;
  readonly work: WorkByPurpose;
}

/**
 * The reward model of all methods: trained, as the paper's, on samples of the training questions drawn from the warm-up.
 *
 * One for all, because one that has seen a method's own mistakes would favour that method, and because its metrics
 * must not depend on which other methods a comparison happens to have.
 */
export async function comparisonRewardModel(input: RewardModelInput, carried?: RunState): Promise<RewardModelResult> {
  const { key, controls, data, start, memory } = input;
  const run = takeUpRun(formats.runState, carried) ?? openRun(resolveSpec(input.spec), controls, memory);
  const renewal = openRenewal(formats.runState);
  serveProgress(run.journal);
  const rewardModel = required(run.spec.rewardModel, 'the reward model in the spec');
  const checkpoint = await trainRewardModel(run, data, rewardModel, [start.checkpoint], start.checkpoint, () =>
    renewIfDue(renewal, run.journal, input, run),
  );
  return finish(key, { checkpoint, work: run.journal.work });
}

export type TrainingInput = UnitInput & MethodInput;
/** Of a training that was stopped before its first epoch or round. */
const noMetrics = {};

export type TrainingResult = Trained & Pick<MethodResult, 'difficulty'> & { readonly work: WorkByPurpose };

export async function comparisonTraining(input: TrainingInput, carried?: MethodState): Promise<TrainingResult> {
  const { points, version: _, ...result } = await asWorkflow(input, carried);
  return finish(input.key, { ...result, metrics: points.at(-1)?.metrics ?? noMetrics });
}

export interface EvaluationInput extends UnitInput {
  readonly data: PreparedData;
  readonly memory?: MemoryBudget | undefined;
  readonly checkpoint: CheckpointRef;
  readonly rewardModel?: CheckpointRef;
  readonly name: string;
}
export interface EvaluationResult extends TallyEvaluationResult {
  readonly work: WorkByPurpose;
}

/** Carried through continue-as-new. */
interface EvaluationState {
  readonly journal: Journal;
  readonly answers: TestAnswers;
}

export async function comparisonEvaluation(
  input: EvaluationInput,
  carried?: EvaluationState,
): Promise<EvaluationResult> {
  const { key, controls, data, checkpoint, rewardModel, memory, name } = input;
  const spec = resolveSpec(input.spec);
  const state = takeUp(formats.evaluationState, carried) ?? {
    journal: openJournal(controls, memory),
    answers: noAnswers(),
  };
  const renewal = openRenewal(formats.evaluationState);
  const { journal } = state;
  serveProgress(journal);
  const phase = beginPhase(journal, 'evaluation', 'shard', countShards(spec, data.test, rewardModel));
  showProgress(journal);
  const tallied = await measureModel(
    journal,
    {
      spec,
      data,
      questions: data.test,
      checkpoint,
      rewardModel,
      name,
      onShard: () => finishUnit(phase),
      safePoint: () => renewIfDue(renewal, journal, input, state),
    },
    state.answers,
  );
  return finish(key, { ...tallied, work: journal.work });
}

/** Waits while paused, and goes on with a fresh history where the old one has grown long. */
async function renewIfDue(renewal: Renewal, journal: Journal, input: unknown, state: object): Promise<void> {
  await whilePaused(journal);
  showProgress(journal);
  // A comparison shows no curves.
  journal.points = [];
  if (renewal.isDue()) await renewal.renew(input, state);
}

async function finish<Result>(key: string, result: Result): Promise<Result> {
  await general.keepResult.executeWithOptions({ summary: 'keep the result' }, [{ key, result }]);
  await condition(allHandlersFinished);
  return result;
}
