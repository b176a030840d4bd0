/**
 * The evaluation: any model on any data set, from the model's import to a report.
 *
 * The model is a folder, one of the hub or of S3 (`s3://<bucket>/runs/<id>/model` is a run's). With a reward model in the
 * specification one is trained, as the paper's is, on the model's own samples of the training questions.
 */
import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import type { PreparedData } from '../activities/data/types.js';
import type { EvaluationMetrics } from '../activities/evaluation/types.js';
import { formats, versionOf } from '../activities/formats.js';
import { required } from '../activities/invariant.js';
import type { PretrainedModel } from '../activities/pretrained/source.js';
import type { PublishEvaluationResult } from '../activities/publishEvaluation.js';
import type { Work } from '../activities/report/types.js';
import type { ObjectRef } from '../activities/store/types.js';
import type { EvaluationRunSpec } from './config/evaluationRun.js';
import { resolveEvaluation, type SpecInput } from './config/resolve.js';
import { beginPhase, finishUnit, type Journal, openJournal } from './monitoring/journal.js';
import { serveProgress, showProgress, whilePaused } from './monitoring/progress.js';
import { general } from './steps/activities.js';
import { countShards, measureModel, noAnswers, type TestAnswers } from './steps/evaluate.js';
import { longestAnswers, planTraining, rewardModelStep } from './steps/planMemory.js';
import { inFloat32, prepareData } from './steps/prepare.js';
import { openRenewal, takeUp } from './steps/renewal.js';
import { type RewardModelState, trainRewardModel } from './steps/rewardModel.js';

export interface EvaluationResult {
  readonly version: number;
  readonly evaluationId: string;
  readonly metrics: EvaluationMetrics;
  readonly published: PublishEvaluationResult;
  readonly work: Readonly<Record<string, Work>>;
  readonly seconds: number;
}

/** Carried through continue-as-new. */
interface EvaluationState {
  readonly journal: Journal;
  readonly answers: TestAnswers;
  notes: string[];
  pretrained?: PretrainedModel;
  data?: PreparedData;
  rewardModel?: RewardModelState;
  rewardModelSamples?: ObjectRef[][];
}

/**
 * @param carried what continue-as-new hands on; never given by a user
 * @throws InvalidSpec listing every problem of the specification
 */
export async function evaluation(input: SpecInput, carried?: EvaluationState): Promise<EvaluationResult> {
  const asked = resolveEvaluation(input);
  const { samples, ...others } = asked;
  const spec = { ...others, lora: null, compute: inFloat32, evaluation: { samplesPerQuestion: samples } };
  const state = takeUp(formats.evaluationState, carried) ?? { journal: openJournal(), answers: noAnswers(), notes: [] };
  const renewal = openRenewal(formats.evaluationState);
  const { journal } = state;
  serveProgress(journal);
  const safePoint = async (): Promise<void> => {
    await whilePaused(journal);
    if (renewal.isDue()) await renewal.renew(asked, state);
  };

  // Functions that fill their part of the state are given it with the specification beside.
  const run = Object.assign(state, { spec });
  state.data ??= await prepareData(run);
  const { data } = state;
  const { checkpoint } = required(state.pretrained, 'the model that was prepared');
  if (spec.rewardModel && journal.memory === undefined)
    await planTraining(
      journal,
      checkpoint,
      [rewardModelStep(spec, data, spec.rewardModel)],
      longestAnswers(spec, data),
    );
  const rewardModel = spec.rewardModel
    ? await trainRewardModel(run, data, spec.rewardModel, [checkpoint], checkpoint, safePoint)
    : undefined;

  const phase = beginPhase(journal, 'evaluation', 'shard', countShards(spec, data.test, rewardModel));
  showProgress(journal);
  const { metrics } = await measureModel(
    journal,
    {
      spec,
      data,
      questions: data.test,
      checkpoint,
      rewardModel,
      name: 'the model',
      onShard: () => {
        finishUnit(phase);
        showProgress(journal);
      },
      safePoint,
    },
    state.answers,
  );
  journal.accuracy = metrics.top1.percent;
  const published = await publish(asked, state, data, metrics);
  await condition(allHandlersFinished);
  return {
    version: versionOf(formats.evaluationResult),
    evaluationId: workflowInfo().workflowId,
    metrics,
    published,
    work: journal.work,
    seconds: (Date.now() - journal.startedAt) / 1_000,
  };
}

async function publish(
  spec: EvaluationRunSpec,
  { journal, answers, notes, pretrained }: EvaluationState,
  data: PreparedData,
  metrics: EvaluationMetrics,
): Promise<PublishEvaluationResult> {
  const phase = beginPhase(journal, 'report', 'step', 1);
  showProgress(journal);
  const published = await general.publishEvaluation.executeWithOptions({ summary: 'write the report' }, [
    {
      evaluationId: workflowInfo().workflowId,
      title: spec.title,
      spec,
      model: pretrained?.name ?? spec.model.from,
      data,
      metrics,
      answers: answers.greedy,
      samples: { sampled: answers.sampled, rewardModelScores: answers.rewardModelScores },
      work: journal.work,
      notes,
    },
  ]);
  finishUnit(phase);
  beginPhase(journal, 'finished', 'step', 0);
  showProgress(journal);
  return published;
}
