/** Runs the SFT baseline as a child workflow beside the run's method, passing on to it whether the run is paused or stopping. */
import {
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  condition,
  ParentClosePolicy,
  startChild,
  TerminatedFailure,
  type WorkflowResultType,
  workflowInfo,
} from '@temporalio/workflow';
import { formats, readResult } from '../../activities/formats.js';
import type { SharedStart } from '../methods/method.js';
import { training } from '../methods/training.js';
import { addWork } from '../monitoring/journal.js';
import { controlsSignal } from '../monitoring/progress.js';
import { since } from '../patches.js';
import type { RunState } from '../runState.js';

type TrainingResult = WorkflowResultType<typeof training>;

export function baselineWorkflowId(): string {
  return `${workflowInfo().workflowId}-sft`;
}

/** Sets `run.sft` to the best epoch. A run must not continue as new while this is under way: the child would be ended. */
export async function runBaseline(run: RunState, shared: SharedStart): Promise<void> {
  const { journal } = run;
  const { checkpoint, accuracy, step, points, work } = readResult(
    formats.trainingResult,
    await resultOfChild(run, shared),
  );
  run.sft = { checkpoint, accuracy, step };
  journal.points.push(...points);
  for (const [purpose, amount] of Object.entries(work)) addWork(journal, purpose, amount);
}

/**
 * A run that was cancelled or terminated takes its child with it, and a reset does not bring the child back: the run learns again that it has
 * ended, or never. Then it is begun anew.
 */
async function resultOfChild(run: RunState, shared: SharedStart): Promise<TrainingResult> {
  for (;;)
    try {
      const result = await runChild(run, shared);
      if (result !== 'lost') return result;
    } catch (error) {
      const ended = error instanceof ChildWorkflowFailure ? error.cause : undefined;
      const isEndedFromOutside = ended instanceof CancelledFailure || ended instanceof TerminatedFailure;
      if (!isEndedFromOutside || CancellationScope.current().consideredCancelled) throw error;
    }
}

/** How often the child is looked for. */
const lookEvery = '10 minutes';
/** The result of a child that has just ended is on its way so long. */
const resultWithin = '10 seconds';

async function runChild(
  { journal, spec, training: begun }: RunState,
  shared: SharedStart,
): Promise<TrainingResult | 'lost'> {
  // A run of this method that branches from another goes on in its baseline.
  const goesOn = spec.method === 'sft' && begun ? { training: begun } : {};
  let sent = journal.controls;
  const child = await startChild(training, {
    workflowId: baselineWorkflowId(),
    args: [{ ...shared, ...goesOn, spec: { ...spec, method: 'sft' }, controls: sent }],
    parentClosePolicy: ParentClosePolicy.TERMINATE,
    staticSummary: 'SFT continued from the warm-up',
  });
  let finished = false;
  const result = child.result().finally(() => {
    finished = true;
  });
  const isWatched = since('baseline-watched');
  /** Passes on whether the run is paused or stopping, until the child has ended; false where it has ended unheard. */
  const passOnControls = async (): Promise<boolean> => {
    for (;;) {
      const isDue = () => finished || journal.controls !== sent;
      await (isWatched ? condition(isDue, lookEvery) : condition(isDue));
      if (finished) return true;
      sent = journal.controls;
      const isThere = await child.signal(controlsSignal, sent).then(
        () => true,
        () => false,
      );
      if (isWatched && !isThere) return condition(() => finished, resultWithin);
    }
  };
  const heard = passOnControls();
  const resultOrLoss = heard.then<TrainingResult | 'lost'>((isHeard) => (isHeard ? result : 'lost'));
  const [found] = await Promise.all([Promise.race([result, resultOrLoss]), heard]);
  return found;
}
