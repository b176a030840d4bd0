/** Runs the SFT baseline as a child workflow beside the run's method, passing on to it whether the run is paused or stopping. */
import { condition, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import { formats, readResult } from '../../activities/formats.js';
import type { SharedStart } from '../methods/method.js';
import { training } from '../methods/training.js';
import { addWork } from '../monitoring/journal.js';
import { controlsSignal } from '../monitoring/progress.js';
import type { RunState } from '../runState.js';

export function baselineWorkflowId(): string {
  return `${workflowInfo().workflowId}-sft`;
}

/** Sets `run.sft` to the best epoch. A run must not continue as new while this is under way: the child would be ended. */
export async function runBaseline(run: RunState, shared: SharedStart): Promise<void> {
  const { journal, spec } = run;
  // A run of this method that branches from another goes on in its baseline.
  const goesOn = spec.method === 'sft' && run.training ? { training: run.training } : {};
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
  const passOnControls = async (): Promise<void> => {
    for (;;) {
      await condition(() => finished || journal.controls !== sent);
      if (finished) return;
      sent = journal.controls;
      // A child that has just ended needs no controls.
      await child.signal(controlsSignal, sent).catch(() => undefined);
    }
  };
  const [found] = await Promise.all([result, passOnControls()]);
  const { checkpoint, accuracy, step, points, work } = readResult(formats.trainingResult, found);
  run.sft = { checkpoint, accuracy, step };
  journal.points.push(...points);
  for (const [purpose, amount] of Object.entries(work)) addWork(journal, purpose, amount);
}
