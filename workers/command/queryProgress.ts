/** Asks a run how far it is. */
import type { Client } from '@temporalio/client';
import { type Progress, progressQuery } from '../../workflows/monitoring/progress.js';

const patienceMs = 5_000;

/** Undefined when no worker answers: a query needs one. */
export function queryProgress(client: Client, workflowId: string): Promise<Progress | undefined> {
  return client
    .withDeadline(Date.now() + patienceMs, () => client.workflow.getHandle(workflowId).query(progressQuery))
    .catch(() => undefined);
}
