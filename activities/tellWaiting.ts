/** Lets a run say what it waits for: a step that fails for what a person has to mend tells its workflow. */
import { asyncLocalStorage } from '@temporalio/activity';
import { type Waiting, waitingSignalName } from '../workflows/config/signals.js';

/**
 * Signals the workflow of the activity under way, if there is one. Only every attempt that is twice the one before it, since each signal
 * stays in the run's history, and an outage may last for days. What cannot be told is left untold: the failure itself says it too.
 */
export async function tellWaiting(reason: string): Promise<void> {
  const context = asyncLocalStorage.getStore();
  const run = context?.info.workflowExecution;
  if (context === undefined || run === undefined || !Number.isInteger(Math.log2(context.info.attempt))) return;
  const { activityId: step } = context.info;
  await context.client.workflow
    .getHandle(run.workflowId, run.runId)
    .signal(waitingSignalName, { step, reason } satisfies Waiting)
    .catch(() => undefined);
}
