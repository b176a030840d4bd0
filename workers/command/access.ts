/** What a command talks to: the servers, a Temporal client, and a run through it. */
import {
  Client,
  Connection,
  isGrpcServiceError,
  ServiceError,
  type WorkflowExecutionDescription,
  type WorkflowFailedError,
} from '@temporalio/client';
import { rootCause, WorkflowNotFoundError } from '@temporalio/common';
import { messageOf } from '../../activities/errors.js';
import { attachStack, type Stack, type StackAccess, startStack } from '../../infra/stack.js';
import { connectionOptions } from '../../infra/temporal/access.js';
import { dataConverterFrom } from '../../infra/temporal/codec/dataConverter.js';
import { type Progress, progressQuery } from '../../workflows/monitoring/progress.js';
import { log } from '../log.js';
import { dataDirectory } from '../settings.js';
import { UsageError } from './usageError.js';

/** Works with the running servers, or with servers started for this command alone. */
export async function withStack<T>(work: (stack: Stack) => Promise<T>): Promise<T> {
  return withinStack((await attachStack({ dataDirectory, log })) ?? (await startStack({ dataDirectory, log })), work);
}

/** As `withStack`, of what writes: the bucket is there and takes objects, before any work. */
export async function withReadyStack<T>(work: (stack: Stack) => Promise<T>): Promise<T> {
  const stack = await startStack({ dataDirectory, log });
  return withinStack(stack, () => {
    if (stack.isAttached) console.log(`Attached to the servers that run in ${dataDirectory}.`);
    return work(stack);
  });
}

async function withinStack<T>(stack: Stack, work: (stack: Stack) => Promise<T>): Promise<T> {
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}

/** Works with a Temporal client, closed afterwards. */
export async function withClient<T>(stack: StackAccess, work: (client: Client) => Promise<T>): Promise<T> {
  const dataConverter = dataConverterFrom();
  const connection = await Connection.connect(connectionOptions(stack.temporal));
  try {
    return await work(new Client({ connection, namespace: stack.temporal.namespace, dataConverter }));
  } finally {
    await connection.close();
  }
}

/** What Temporal knows of a workflow; undefined where there is none of this id. */
export function findRun(client: Client, id: string): Promise<WorkflowExecutionDescription | undefined> {
  return client.workflow
    .getHandle(id)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
}

/**
 * As `findRun`, of one that has to be there.
 * @throws UsageError where it is not
 */
export async function describeRun(client: Client, id: string): Promise<WorkflowExecutionDescription> {
  const found = await findRun(client, id);
  if (found === undefined) throw new UsageError(`There is no run "${id}"`);
  return found;
}

/** Where a run is seen in Temporal's UI; undefined for a server whose UI is not known. */
export function uiAddress({ temporal }: StackAccess, workflowId: string): string | undefined {
  if (temporal.uiUrl === null) return undefined;
  return `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`;
}

const patienceMs = 5_000;

/** How far a run is, or why that cannot be told, in words: a query needs a worker. */
export function askProgress(client: Client, workflowId: string): Promise<Progress | string> {
  return client
    .withDeadline(Date.now() + patienceMs, () => client.workflow.getHandle(workflowId).query(progressQuery))
    .catch((error: unknown) => {
      const reason = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : undefined;
      if (reason?.code === deadlineExceeded || /no poller/.test(reason?.details ?? ''))
        return 'No worker answers: "npx reft up" or "npx reft worker" lets the run go on.';
      return `Its progress cannot be told: ${reason?.details ?? messageOf(error)}`;
    });
}

/** What Temporal, or the way to it, said of a call that failed; undefined for an error of another kind. */
export function temporalRefusal(error: unknown): string | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(cause)) return cause.details || cause.message;
  return error instanceof ServiceError ? messageOf(cause ?? error) : undefined;
}

/** gRPC's status for a call that took too long. */
const deadlineExceeded = 4;

/** How far a run is; undefined where that cannot be told. */
export async function queryProgress(client: Client, workflowId: string): Promise<Progress | undefined> {
  const answer = await askProgress(client, workflowId);
  return typeof answer === 'string' ? undefined : answer;
}

/** Why a run failed, in the words of what failed first. Temporal wraps a failure in one for the activity and one for the workflow, neither of which says anything. */
export function failureReason(error: WorkflowFailedError): string {
  return rootCause(error.cause) ?? error.message;
}
