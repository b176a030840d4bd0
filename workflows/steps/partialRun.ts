/** What is kept of a run that is cancelled: its best checkpoint so far, and a report that says how far it came. */
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { CheckpointRef } from '../../activities/store/types.js';
import { titleOf } from '../monitoring/describePhase.js';
import { describeShortages, describeStop, warningsOf } from '../monitoring/journal.js';
import { since } from '../patches.js';
import type { RunState } from '../runState.js';
import { general } from './activities.js';
import { difficultyOf } from './difficulty.js';

/** Whoever cancels waits for this: an S3 that is away must not hold a run back. */
const patience = '5 minutes';

/** Does nothing before the first epoch: there is nothing to keep. What cannot be kept is no other end of the run. */
export async function keepPartialRun(run: RunState): Promise<void> {
  const { data, spec, journal } = run;
  const best = bestSoFar(run);
  if (data === undefined || best === undefined || !since('partial-report')) return;
  const { checkpoint, accuracy } = best;
  const current = journal.phases.at(-1);
  const input = {
    runId: workflowInfo().workflowId,
    title: spec.title,
    spec,
    model: checkpoint,
    ...(accuracy === undefined ? {} : { validationAccuracy: accuracy }),
    reached:
      current === undefined
        ? ''
        : `${titleOf({ phase: current.name })}, ${current.unit} ${current.done} of ${current.total}`,
    data,
    ...difficultyOf(run),
    curve: run.curve,
    points: journal.points,
    work: journal.work,
    notes: [...run.notes, ...describeShortages(journal), ...describeStop(journal)],
    ...(run.pretrained ? { startedFrom: run.pretrained.name } : {}),
    warnings: warningsOf(journal),
  };
  await CancellationScope.nonCancellable(() =>
    general.publishPartialRun
      .executeWithOptions({ summary: 'keep the best checkpoint', patience }, [input])
      .catch(() => undefined),
  );
}

/** Of the method where it has trained, else the baseline's, else the warm-up's newest epoch, which may not be validated yet. */
function bestSoFar({
  training,
  sft,
  warmUpEnd,
  warmUp,
}: RunState): { readonly checkpoint: CheckpointRef; readonly accuracy?: number } | undefined {
  const measured = training?.best ?? sft ?? warmUpEnd;
  if (measured !== undefined) return measured;
  return warmUp !== undefined && warmUp.done > 0 ? { checkpoint: warmUp.checkpoint } : undefined;
}
