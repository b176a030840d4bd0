/**
 * The run, from specification to report: data, model, warm-up, the specification's method beside the SFT baseline, evaluation.
 *
 * A long run continues as new between two units of work, with `RunState` as all it needs to know.
 */
import { allHandlersFinished, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { PreparedData } from '../activities/data/types.js';
import type { EvaluationMetrics } from '../activities/evaluation/types.js';
import { formats, versionOf } from '../activities/formats.js';
import { required } from '../activities/invariant.js';
import { resolveSpec, type SpecInput } from './config/resolve.js';
import { trainMethod } from './methods/index.js';
import { serveHyperparameters } from './monitoring/hyperparameters.js';
import { beginPhase, describeShortages, describeStop, finishUnit, warningsOf } from './monitoring/journal.js';
import { serveProgress, showProgress, whilePaused } from './monitoring/progress.js';
import { serveReport } from './monitoring/reportSoFar.js';
import { openRun, type RunResult, type RunState } from './runState.js';
import { general } from './steps/activities.js';
import { branch } from './steps/branch.js';
import { difficultyOf } from './steps/difficulty.js';
import { type Contestant, evaluate } from './steps/evaluateModels.js';
import { keepPartialRun } from './steps/partialRun.js';
import { planPhases } from './steps/planPhases.js';
import { prepareData } from './steps/prepare.js';
import { openRenewal, type Renewal, takeUpRun } from './steps/renewal.js';
import { trainRewardModel } from './steps/rewardModel.js';
import { baselineWorkflowId, runBaseline } from './steps/sftBaseline.js';
import type { Measured } from './steps/validate.js';
import { warmUp } from './steps/warmUp.js';

/** So many curve points are kept in the workflow before they move to S3. */
const pointsKept = 100;

/**
 * @param input a preset's name with overrides, or a whole specification
 * @param carried what continue-as-new hands on; never given by a user
 * @throws InvalidSpec listing every problem of the specification
 */
export async function reft(input: SpecInput, carried?: RunState): Promise<RunResult> {
  const run = takeUpRun(formats.runState, carried) ?? openRun(resolveSpec(input));
  const renewal = openRenewal(formats.runState);
  try {
    return await trainAndMeasure(run, renewal, input);
  } catch (error) {
    if (isCancellation(error)) await keepPartialRun(run);
    throw error;
  }
}

async function trainAndMeasure(run: RunState, renewal: Renewal, input: SpecInput): Promise<RunResult> {
  const { journal } = run;
  let baseline: Promise<void> | undefined;
  serveHyperparameters(run);
  serveProgress(
    journal,
    () => ({
      ...(baseline || run.sft ? { baselineWorkflowId: baselineWorkflowId() } : {}),
      plan: run.data ? planPhases(run.spec, questionsIn(run.data)) : [],
    }),
    () => run.curve,
  );
  serveReport(run);

  /** The points at which a run may wait, save its curve, or go on with a fresh history. */
  const safePoint = async (): Promise<void> => {
    await whilePaused(journal);
    const renew = renewal.isDue();
    if (journal.points.length >= pointsKept || (renew && journal.points.length > 0)) await saveCurve(run);
    if (!renew) return;
    await baseline;
    await renewal.renew(input, run);
  };

  if (run.data === undefined && run.spec.startFrom) await branch(run, run.spec.startFrom);
  run.data ??= await prepareData(run);
  const { data } = run;
  run.warmUpEnd ??= await warmUp(run, data, safePoint);
  const start = run.warmUpEnd;

  const { sft, method } = run.spec;
  const base = required(run.base, 'the model before the warm-up');
  const shared = { data, start, base, memory: journal.budget };
  if (sft !== null && run.sft === undefined) baseline = runBaseline(run, shared);
  const training = method === 'sft' ? undefined : trainMethod(method)(run, shared, safePoint);
  const [best] = await Promise.all([training, baseline]);

  const contestants: Contestant[] = [
    { name: 'warmUp', checkpoint: start.checkpoint },
    ...(run.sft ? [{ name: 'sft', checkpoint: run.sft.checkpoint } as const] : []),
    ...(best ? [{ name: method, checkpoint: best.checkpoint }] : []),
  ];
  const final = best ?? run.sft ?? start;
  const rewardModel = await prepareRewardModel(run, data, start, final, safePoint);
  await evaluate(run, data, contestants, rewardModel, safePoint);
  const result = await publish(run, data, final);
  await condition(allHandlersFinished);
  return result;
}

function questionsIn({ train, validation, test }: PreparedData) {
  return { train: train.count, validation: validation.count, test: test.count };
}

async function saveCurve(run: RunState): Promise<void> {
  const points = [...run.journal.points];
  run.curve = await general.recordCurve.executeWithOptions({ summary: 'save the curve' }, [
    { previous: run.curve, points },
  ]);
  // The baseline may have added points meanwhile.
  run.journal.points = run.journal.points.slice(points.length);
}

/** The reward model, unless the specification leaves it or the samples it would score out. */
async function prepareRewardModel(
  run: RunState,
  data: PreparedData,
  start: Measured,
  final: Measured,
  safePoint: () => Promise<void>,
) {
  const { rewardModel, evaluation } = run.spec;
  if (rewardModel === null || evaluation.samplesPerQuestion === 0) return undefined;
  const sampledFrom = [start.checkpoint, final.checkpoint];
  return trainRewardModel(run, data, rewardModel, sampledFrom, start.checkpoint, safePoint);
}

async function publish(run: RunState, data: PreparedData, final: Measured): Promise<RunResult> {
  const { journal, spec, metrics } = run;
  const { workflowId } = workflowInfo();
  const phase = beginPhase(journal, 'report', 'step', 1);
  showProgress(journal);
  const warmUpMetrics = required(metrics.warmUp, 'the evaluation of the warm-up');
  // Without a method's training, stopped before its first step, the warm-up is the final model.
  const finalMetrics = metrics[spec.method] ?? warmUpMetrics;
  const finalAnswers = required(
    run.testAnswers[spec.method] ?? run.testAnswers.warmUp,
    'the answers of the final model',
  );
  const notes = [...run.notes, ...describeShortages(journal), ...describeStop(journal)];
  const warnings = warningsOf(journal);
  const published = await general.publishRun.executeWithOptions({ summary: 'write the report' }, [
    {
      runId: workflowId,
      title: spec.title,
      spec,
      model: final.checkpoint,
      data,
      ...difficultyOf(run),
      metrics: { ...metrics, warmUp: warmUpMetrics },
      curve: run.curve,
      points: journal.points,
      sampled: finalAnswers.greedy,
      answers: Object.entries(run.testAnswers).map(([model, answers]) => ({ model, ...answers })),
      work: journal.work,
      notes,
      ...(run.pretrained ? { startedFrom: run.pretrained.name } : {}),
      warnings,
      lineage: run.lineage ?? [],
    },
  ]);
  finishUnit(phase);
  const accuracy = summarise(warmUpMetrics, metrics.sft, finalMetrics);
  const { top1, ...others } = accuracy;
  beginPhase(journal, 'finished', 'step', 0).metrics = { ...others, [spec.method]: top1 };
  showProgress(journal);
  return {
    version: versionOf(formats.runResult),
    runId: workflowId,
    model: { bucket: published.bucket, prefix: `${published.prefix}/model` },
    checkpoint: final.checkpoint,
    accuracy,
    metrics: { ...metrics, warmUp: warmUpMetrics },
    report: published.report,
    published,
    ...(run.chosen ? { difficulty: run.chosen } : {}),
    lineage: run.lineage ?? [],
    warnings,
    work: journal.work,
    seconds: (Date.now() - journal.startedAt) / 1_000,
  };
}

function summarise(
  warmUpMetrics: EvaluationMetrics,
  sft: EvaluationMetrics | undefined,
  final: EvaluationMetrics,
): RunResult['accuracy'] {
  return {
    warmUp: warmUpMetrics.top1.percent,
    ...(sft ? { sft: sft.top1.percent } : {}),
    top1: final.top1.percent,
    ...(final.voting ? { voting: final.voting.percent } : {}),
    ...(final.reranking ? { reranking: final.reranking.percent } : {}),
    ...(final.upperBound ? { upperBound: final.upperBound.percent } : {}),
  };
}
