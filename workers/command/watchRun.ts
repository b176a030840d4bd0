/** Follows a run to its end: its progress, its baseline's, and what an activity that keeps failing says. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import type { reft } from '../../workflows/index.js';
import type { Progress } from '../../workflows/progress.js';
import type { RunResult } from '../../workflows/run.js';
import type { ProgressDisplay } from './progressDisplay.js';
import { queryProgress } from './queryProgress.js';
import type { Standby } from './standby.js';

const intervalMs = 1_000;

type DescribedActivities = WorkflowExecutionDescription['raw']['pendingActivities'];

/**
 * Resolves with the result, or with undefined once `signal` aborts.
 * @throws WorkflowFailedError when the run fails
 */
export async function watchRun(
  client: Client,
  handle: WorkflowHandle<typeof reft>,
  standby: Standby,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const told = new Set<string>();
  let baseline: Progress | undefined;
  for (;;) {
    if (await standby.serveIfNobodyDoes())
      display.note('The workers are gone: this process serves the run from here on.');
    const { status, raw } = await handle.describe();
    const progress = await queryProgress(client, handle.workflowId);
    if (progress?.baselineWorkflowId && (baseline === undefined || baseline.round < baseline.rounds))
      baseline = (await queryProgress(client, progress.baselineWorkflowId)) ?? baseline;
    if (progress) display.show(progress, baseline);
    if (progress?.memory && !told.has(progress.memory)) {
      told.add(progress.memory);
      display.note(progress.memory);
    }
    for (const trouble of findTroubles(raw.pendingActivities ?? [])) {
      if (!told.has(trouble)) display.note(trouble);
      told.add(trouble);
    }
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
