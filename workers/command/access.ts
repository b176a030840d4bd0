/** What a command talks to: the servers, a Temporal client, and a run through it. */
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { findRunningStack, type StackAccess, startStack } from '../../infra/stack.js';
import { connectionOptions } from '../../infra/temporal/access.js';
import { type Progress, progressQuery } from '../../workflows/monitoring/progress.js';
import { log } from '../log.js';
import { dataDirectory } from '../settings.js';

/** Works with the running servers, or with servers started for this command alone. */
export async function withStack<T>(work: (stack: StackAccess) => Promise<T>): Promise<T> {
  const running = await findRunningStack(dataDirectory);
  if (running) return work(running);
  const stack = await startStack({ dataDirectory, log });
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}

/** Works with a Temporal client, closed afterwards. */
export async function withClient<T>(stack: StackAccess, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect(connectionOptions(stack.temporal));
  try {
    return await work(new Client({ connection, namespace: stack.temporal.namespace }));
  } finally {
    await connection.close();
  }
}

/** Where a run is seen in Temporal's UI; undefined for a server whose UI is not known. */
export function uiAddress({ temporal }: StackAccess, workflowId: string): string | undefined {
  if (temporal.uiUrl === null) return undefined;
  return `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`;
}

const patienceMs = 5_000;

/** How far a run is. Undefined when no worker answers: a query needs one. */
export function queryProgress(client: Client, workflowId: string): Promise<Progress | undefined> {
  return client
    .withDeadline(Date.now() + patienceMs, () => client.workflow.getHandle(workflowId).query(progressQuery))
    .catch(() => undefined);
}

/** Why a run failed, in the words of what failed first. Temporal wraps a failure in one for the activity and one for the workflow, neither of which says anything. */
export function failureReason(error: WorkflowFailedError): string {
  return rootCause(error.cause) ?? error.message;
}
