/** Follows a run to its end: its progress, its baseline's, and what an activity that keeps failing says. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { queryProgress } from './access.js';
import type { ProgressDisplay } from './progressDisplay.js';
import type { Standby } from './standby.js';

const intervalMs = 1_000;

type DescribedActivities = WorkflowExecutionDescription['raw']['pendingActivities'];

/**
 * Resolves with the result, or with undefined once `signal` aborts.
 * @throws WorkflowFailedError when the run fails
 */
export async function watchRun<Result>(
  client: Client,
  handle: WorkflowHandle,
  standby: Standby,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<Result | undefined> {
  const told = new Set<string>();
  const tell = (text: string): void => {
    if (!told.has(text)) display.note(text);
    told.add(text);
  };
  let baseline: Progress | undefined;
  for (;;) {
    if (await standby.serveIfNobodyDoes())
      display.note('The workers are gone: this process serves the run from here on.');
    const { status, raw } = await handle.describe();
    const progress = await queryProgress(client, handle.workflowId);
    if (progress?.baselineWorkflowId && (baseline === undefined || baseline.round < baseline.rounds))
      baseline = (await queryProgress(client, progress.baselineWorkflowId)) ?? baseline;
    if (progress) display.show(progress, baseline);
    if (progress?.memory) tell(progress.memory);
    // Of a comparison: each row as often as it changes.
    if (progress?.table) for (const row of progress.table) tell(row.replaceAll('**', ''));
    if (raw.pendingActivities) for (const trouble of findTroubles(raw.pendingActivities)) tell(trouble);
    if (status.name !== 'RUNNING') return handle.result();
    if (signal.aborted) return undefined;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

function findTroubles(pending: NonNullable<DescribedActivities>): string[] {
  return pending.flatMap(({ activityType, lastFailure }) =>
    lastFailure?.message ? [`${activityType?.name} is tried again after: ${lastFailure.message}`] : [],
  );
}
