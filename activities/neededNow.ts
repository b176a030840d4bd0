/** What the workflows of Temporal need of the store: those under way, and those that failed lately, which may be sent back or mended. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { generalQueue } from '../workflows/config/taskQueues.js';
import { neededByHistory } from './neededByHistory.js';
import { readableEvents } from './readableEvents.js';
import type { NeededNow } from './retention/collect.js';

const dayMs = 24 * 60 * 60_000;
const failedDays = 14;

/** Any error ends the collection before anything is removed. */
export async function neededNow(client: Client): Promise<NeededNow> {
  const since = new Date(Date.now() - failedDays * dayMs).toISOString();
  const query =
    `TaskQueue = '${generalQueue}' AND (ExecutionStatus = 'Running' OR ` +
    `(ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut', 'Canceled') AND CloseTime > '${since}'))`;
  const ids = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query })) ids.add(workflowId);
  const values: unknown[] = [];
  let earliestStep = Number.POSITIVE_INFINITY;
  // Children are added on the way: one that has just ended is no longer in the list, and its result may not have reached its parent.
  for (const id of ids) {
    const handle = client.workflow.getHandle(id);
    // The newest execution of that id: what was reset or renewed goes on in it.
    const description = await handle.describe().catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
    if (description === undefined) continue;
    const { pendingChildren, pendingActivities } = description.raw;
    for (const { workflowId } of pendingChildren ?? []) if (workflowId) ids.add(workflowId);
    for (const { lastStartedTime } of pendingActivities ?? [])
      if (lastStartedTime?.seconds) earliestStep = Math.min(earliestStep, Number(lastStartedTime.seconds) * 1_000);
    values.push(...neededByHistory(await readableEvents(client, id)));
  }
  return { values, earliestStep };
}
