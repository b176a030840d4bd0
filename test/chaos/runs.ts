/** Runs under way: started, waited for, steered, and read afterwards, through whatever happens to their server. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { stringify } from 'safe-stable-stringify';
import { at } from '../../activities/invariant.js';
import type { Store } from '../../activities/store/types.js';
import { resetTo } from '../../workers/command/reset.js';
import { roundsBegun } from '../../workers/command/roundsBegun.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import { pauseUpdate, resumeUpdate } from '../../workflows/monitoring/progress.js';
import type { RandomNumbers } from '../support/randomNumbers.js';
import { insist } from './insist.js';
import type { RunKind } from './kinds.js';
import { childrenOf, nextOf, previousOf, type Step, stepsOf } from './steps.js';

type HistoryEvents = readonly temporal.api.history.v1.IHistoryEvent[];

/** What two runs have in common that trained alike. */
export interface Outcome {
  /** The final checkpoint's sha256; of a comparison, which has none, that of its table. */
  readonly hash: string;
  /** Of all accuracies. */
  readonly metrics: string;
}

export interface Run {
  readonly id: string;
  readonly kind: RunKind;
  /** @throws WorkflowFailedError when the run fails, or ends in another way than it was made to */
  outcome(): Promise<Outcome>;
  /** Each with those of the workflows that it started. */
  steps(): Promise<readonly Step[]>;
  /** Steps that a reset sent it back behind. */
  sentBack(): number;
  /** In words, for one that hangs: what it waits for, how often that was tried, and why it failed. */
  whereItIs(): Promise<string>;
  /** These three steer it, and tell what was done, or null where there was nothing to be done. */
  pause(milliseconds: number): Promise<string | null>;
  reset(random: RandomNumbers): Promise<string | null>;
  cancelAndReset(random: RandomNumbers): Promise<string | null>;
}

/** How often a run is sent back at most: one that always is never ends. */
const mostReturns = 2;

interface Result {
  readonly checkpoint?: { readonly sha256: string };
  readonly metrics: unknown;
}

const sha256Of = (value: unknown): string =>
  createHash('sha256')
    .update(stringify(value) ?? '')
    .digest('hex');

/** @param store for resets, by the way that knows no disturbance but those of the server itself */
export async function startRun(client: Client, store: Store, id: string, kind: RunKind): Promise<Run> {
  const start = { workflowId: id, taskQueue: generalQueue, args: [kind.input] };
  await insist(() => client.workflow.start(kind.type, start)).catch((error: unknown) => {
    // The answer to an earlier try was lost.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
  /** Of whichever execution is the newest. */
  const handle = client.workflow.getHandle(id);
  let steering: Promise<string | null> | undefined;
  let behind = 0;
  let returns = 0;

  const isRunning = async (): Promise<boolean> => (await insist(() => handle.describe())).status.name === 'RUNNING';

  /** One at a time; what has ended meanwhile is left alone. */
  async function steer(act: () => Promise<string | null>): Promise<string | null> {
    if (steering !== undefined || !(await isRunning())) return null;
    if (steering !== undefined) return null;
    steering = act().catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
    return steering.finally(() => {
      steering = undefined;
    });
  }

  async function outcome(): Promise<Outcome> {
    for (;;) {
      await steering?.catch(() => undefined);
      const { runId } = await insist(() => handle.describe());
      try {
        const { checkpoint, metrics } = (await insist(() => handle.result())) as Result;
        return { hash: checkpoint?.sha256 ?? sha256Of(metrics), metrics: sha256Of(metrics) };
      } catch (error) {
        const isSteered =
          error instanceof WorkflowFailedError &&
          (error.cause instanceof TerminatedFailure || error.cause instanceof CancelledFailure);
        await steering?.catch(() => undefined);
        // Sent back: another execution goes on in its place.
        if (isSteered && (await insist(() => handle.describe())).runId !== runId) continue;
        throw error;
      }
    }
  }

  async function goBack(random: RandomNumbers, before?: () => Promise<boolean>): Promise<string | null> {
    if (returns === mostReturns) return null;
    const places = roundsBegun(await eventsOf(client, id));
    if (places.length === 0 || (before && !(await before()))) return null;
    const { done, taskEventId } = at(places, random.integer(0, places.length - 1));
    const events = await eventsOf(client, id);
    await insist(() => resetTo(client, store, id, done));
    returns += 1;
    behind += events.filter(
      ({ activityTaskCompletedEventAttributes: completed }) =>
        completed && Number(completed.scheduledEventId) > Number(taskEventId),
    ).length;
    return `${id} to round ${done}`;
  }

  /** It may have finished, or gone on as new, before it hears of it. */
  async function cancel(): Promise<boolean> {
    await insist(() => handle.cancel());
    while (await isRunning()) await sleep(100);
    return (await insist(() => handle.describe())).status.name === 'CANCELLED';
  }

  return {
    id,
    kind,
    outcome,
    steps: () => allSteps(client, id),
    sentBack: () => behind,
    whereItIs: async () => describeExecution(await handle.describe().catch(() => undefined), id),
    pause: (milliseconds) =>
      steer(async () => {
        await insist(() => handle.executeUpdate(pauseUpdate));
        await sleep(milliseconds);
        await insist(() => handle.executeUpdate(resumeUpdate));
        return `${id} for ${milliseconds} ms`;
      }),
    reset: (random) => steer(() => goBack(random)),
    cancelAndReset: (random) => steer(() => goBack(random, cancel)),
  };
}

function describeExecution(execution: WorkflowExecutionDescription | undefined, id: string): string {
  if (execution === undefined) return `${id}: the server does not answer`;
  const { pendingActivities, pendingChildren, pendingWorkflowTask } = execution.raw;
  const waits = [
    ...(pendingActivities ?? []).map(
      ({ activityType, state, attempt, lastFailure }) =>
        `${activityType?.name} (state ${state}, attempt ${attempt}${lastFailure ? `, ${lastFailure.message}` : ''})`,
    ),
    ...(pendingChildren ?? []).map(({ workflowId, workflowTypeName }) => `${workflowTypeName} ${workflowId}`),
    ...(pendingWorkflowTask ? [`a workflow task (attempt ${pendingWorkflowTask.attempt})`] : []),
  ];
  return `${id} (${execution.status.name}) waits for ${waits.join(', ') || 'nothing that the server knows'}`;
}

async function eventsOf(client: Client, workflowId: string, runId?: string): Promise<HistoryEvents> {
  const { events } = await insist(() => client.workflow.getHandle(workflowId, runId).fetchHistory());
  return events ?? [];
}

/** Of the newest execution and those that it goes on from. */
async function allSteps(client: Client, id: string): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (let runId: string | undefined = undefined, isFirst = true; isFirst || runId; isFirst = false) {
    const events: HistoryEvents = await eventsOf(client, id, runId);
    steps.push(...stepsOf(events), ...(await stepsOfChildren(client, events)));
    runId = previousOf(events);
  }
  return steps;
}

async function stepsOfChildren(client: Client, parent: HistoryEvents): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const { workflowId, runId } of childrenOf(parent))
    for (let next: string | undefined = runId; next; ) {
      const events: HistoryEvents = await eventsOf(client, workflowId, next);
      steps.push(...stepsOf(events), ...(await stepsOfChildren(client, events)));
      next = nextOf(events);
    }
  return steps;
}
