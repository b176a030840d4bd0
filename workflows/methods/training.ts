/** Runs a method as a workflow: it shows as one in the UI, runs beside others, and is steered like a run or by its parent. */
import { allHandlersFinished, condition } from '@temporalio/workflow';
import { formats, versionOf } from '../../activities/formats.js';
import { resolveSpec } from '../config/resolve.js';
import { type Journal, openJournal, warningsOf } from '../monitoring/journal.js';
import { serveProgress, whilePaused } from '../monitoring/progress.js';
import { openRenewal, takeUpRun } from '../steps/renewal.js';
import { trainMethod } from './index.js';
import { type MethodInput, type MethodResult, type MethodState, unitsDone } from './method.js';

/** As many as a chart can show: more only make the history heavy. */
const mostPoints = 250;

/** The workflow type `training`: the method that the specification names, from a warm-up that is there already. */
export function training(input: MethodInput, carried?: MethodState): Promise<MethodResult> {
  return asWorkflow(input, carried);
}

/** The body of a method's workflow. `carried` is what continue-as-new hands on; never given by who starts it. */
export async function asWorkflow(input: MethodInput, carried: MethodState | undefined): Promise<MethodResult> {
  const run = takeUpRun(formats.trainingState, carried) ?? openTraining(input);
  const { journal } = run;
  const renewal = openRenewal(formats.trainingState);
  serveProgress(journal);
  const safePoint = async (): Promise<void> => {
    await whilePaused(journal);
    thinPoints(journal);
    if (renewal.isDue()) await renewal.renew(input, run);
  };
  const best = await trainMethod(input.spec.method)(run, input, safePoint);
  await condition(allHandlersFinished);
  const { points, work } = journal;
  const version = versionOf(formats.trainingResult);
  const { chosen } = run;
  return {
    ...best,
    version,
    done: unitsDone(run),
    points,
    work,
    warnings: warningsOf(journal),
    ...(chosen ? { difficulty: chosen } : {}),
  };
}

/** Halves the curve's resolution whenever it grows beyond what is worth keeping. */
function thinPoints(journal: Journal): void {
  if (journal.points.length > mostPoints) journal.points = journal.points.filter((_, index) => index % 2 === 1);
}

/** Whoever started it may have been of an earlier version, whose specification lacks fields. */
function openTraining({ spec, controls, memory, training: under }: MethodInput): MethodState {
  return {
    spec: resolveSpec(spec),
    journal: openJournal(controls, memory),
    ...(under === undefined ? {} : { training: under }),
  };
}
