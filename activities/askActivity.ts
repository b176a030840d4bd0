/**
 * Asks a scorer that is a Temporal activity: one batch, one standalone activity on the scorer's task queue.
 *
 * A standalone activity is started by a client and belongs to no workflow, so texts stay out of the run's history. Its id follows
 * from the batch's content: while one is under way it is joined, one that has succeeded is not started again (its result is there
 * for as long as the namespace keeps it), only one that failed is. So a batch is scored once, whatever becomes of the worker that asks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import {
  ActivityExecutionAlreadyStartedError,
  type ActivityHandle,
  type Client,
  isGrpcServiceError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  type Payload,
  rootCause,
} from '@temporalio/common';
import { decode, decodeFailure } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import proto, { type temporal } from '@temporalio/proto';
import { InvalidReward, messageOf, ScorerRefused, ScorerUnavailable } from './errors.js';
import { type ActivityScorer, parseReply, type Scorers } from './rewards/scorers.js';

/** How often it is looked whether a worker serves the queue of a batch that none has taken. */
const lookEveryMs = 5_000;
/** Workers ask their queue for work at least once a minute. */
const workerGoneMs = 90_000;
/** A batch that is no longer wanted leaves its queue after this. */
const longestWait = '7 days';

/** Asks through the client of the activity under way. */
export const askActivity: Scorers['activity'] = async (scorer, request, { hash, signal }) => {
  const context = Context.current();
  const asking: Asking = { client: context.client, scorer, id: `reft-score-${hash}`, signal };
  const handle = await start(asking, request);
  try {
    return await outcomeOf(asking, handle);
  } catch (error) {
    // A worker that shuts down leaves the scorer at work, and the next attempt joins it. A cancelled run wants no more scores. A batch
    // that no worker has taken would lie there if the run were cancelled between attempts: the next attempt starts it again.
    if (error instanceof Unserved || (await isRunOver(context)))
      await handle.cancel('the run no longer waits for it').catch(() => undefined);
    throw error;
  }
};

/** Whether the step was cancelled, or its run has ended without waiting for it. (A step that timed out is begun again.) */
async function isRunOver({ cancellationDetails, client, info }: Context): Promise<boolean> {
  if (cancellationDetails?.cancelRequested === true) return true;
  if (cancellationDetails?.notFound !== true || info.workflowExecution === undefined) return false;
  const { workflowId, runId } = info.workflowExecution;
  const { status } = await client.workflow.getHandle(workflowId, runId).describe();
  return status.name !== 'RUNNING';
}

/** No worker serves the scorer's task queue. */
class Unserved extends ScorerUnavailable {}

interface Asking {
  readonly client: Client;
  readonly scorer: ActivityScorer;
  readonly id: string;
  readonly signal: AbortSignal;
}

/** Starts the activity, or finds the one that is under way or has succeeded. */
async function start({ client, scorer, id }: Asking, request: unknown): Promise<ActivityHandle> {
  const { type, taskQueue, timeoutSeconds, heartbeatSeconds } = scorer;
  try {
    return await client.activity.start(type, {
      id,
      taskQueue,
      args: [request],
      startToCloseTimeout: timeoutSeconds * 1_000,
      scheduleToCloseTimeout: longestWait,
      ...(heartbeatSeconds !== null && { heartbeatTimeout: heartbeatSeconds * 1_000 }),
      // A failure becomes one of the step, which Temporal shows and tries again.
      retry: { maximumAttempts: 1 },
      idReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      idConflictPolicy: 'USE_EXISTING',
      summary: 'scores for ReFT',
    });
  } catch (error) {
    if (error instanceof ActivityExecutionAlreadyStartedError) return client.activity.getHandle(id);
    throw unasked(scorer, error);
  }
}

type Outcome = temporal.api.activity.v1.IActivityExecutionOutcome;

/** @returns the JSON of its result */
async function outcomeOf(asking: Asking, handle: ActivityHandle): Promise<unknown> {
  const { scorer } = asking;
  // Where one of the two ends, the other is to end as well.
  const ended = new AbortController();
  const both = { ...asking, signal: AbortSignal.any([asking.signal, ended.signal]) };
  try {
    const { result, failure } = await Promise.race([pollOutcome(both), watchQueue(both, handle)]);
    const { payloadCodecs } = asking.client.options.loadedDataConverter;
    if (failure) throw failureOf(scorer, await decodeFailure(payloadCodecs, failure));
    const [payload] = await decode(payloadCodecs, result?.payloads ?? []);
    return readResult(scorer, payload);
  } finally {
    ended.abort();
  }
}

/** Waits on the server: it answers when the activity has ended, or after a while without an outcome. */
async function pollOutcome({ client, id, scorer, signal }: Asking): Promise<Outcome> {
  for (;;) {
    signal.throwIfAborted();
    const { namespace } = client.options;
    // The client's own `result()` hides why a result cannot be decoded.
    const answer = await client.workflowService
      .pollActivityExecution({ namespace, activityId: id })
      .catch((error: unknown) => {
        throw unasked(scorer, error);
      });
    if (answer.outcome) return answer.outcome;
  }
}

/** Never resolves. Rejects when the batch lies in a queue that no worker serves, or is no longer wanted. */
async function watchQueue({ client, scorer, signal }: Asking, handle: ActivityHandle): Promise<never> {
  const { type, taskQueue } = scorer;
  for (;;) {
    await sleep(lookEveryMs, undefined, { signal });
    // What cannot be asked now is asked again; a lost connection ends the other wait.
    const state = await handle.describe().catch(() => undefined);
    if (state?.runState !== 'SCHEDULED') continue;
    const queue = await client.workflowService
      .describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
      })
      .catch(() => undefined);
    const isServed = queue?.pollers?.some(
      ({ lastAccessTime }) => Date.now() - 1_000 * Number(lastAccessTime?.seconds) < workerGoneMs,
    );
    if (isServed === false)
      throw new Unserved(
        `no worker serves the task queue ${JSON.stringify(taskQueue)}, on which the activity ${JSON.stringify(type)} waits to score: start one; the run goes on by itself`,
      );
  }
}

function failureOf(scorer: ActivityScorer, proto: NonNullable<Outcome['failure']>): Error {
  const failure = defaultFailureConverter.failureToError(proto, defaultPayloadConverter);
  const message = `${nameOf(scorer)} failed: ${rootCause(failure) ?? failure.message}`;
  return failure instanceof ApplicationFailure && failure.nonRetryable === true
    ? new ScorerRefused(message)
    : new ScorerUnavailable(message);
}

/** The JSON of an activity's result. @throws InvalidReward when it is none */
export function readResult(scorer: ActivityScorer, payload: Payload | null | undefined): unknown {
  const encoding = Buffer.from(payload?.metadata?.encoding ?? []).toString();
  if (encoding !== 'json/plain')
    throw new InvalidReward(`${nameOf(scorer)} gave a result in ${encoding || 'no encoding'}, not in JSON`);
  const read = parseReply(Buffer.from(payload?.data ?? []).toString());
  if ('problem' in read) throw new InvalidReward(`${nameOf(scorer)} gave a result that ${read.problem}`);
  return read.value;
}

/** Temporal itself could not be asked. */
function unasked(scorer: ActivityScorer, error: unknown): Error {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const unimplemented = 12;
  if (isGrpcServiceError(cause) && cause.code === unimplemented)
    return new ScorerUnavailable(
      `${nameOf(scorer)} cannot be started: this Temporal server has no standalone activities. A newer one has them`,
    );
  return new ScorerUnavailable(`${nameOf(scorer)} could not be asked for: ${messageOf(cause)}`);
}

function nameOf({ type, taskQueue }: ActivityScorer): string {
  return `activity ${JSON.stringify(type)} on task queue ${JSON.stringify(taskQueue)}`;
}
