/**
 * How the workflows call activities: which task queue, how long they may take (`timeLimits.ts`), what is tried again.
 *
 * Activities heartbeat each second, so a dead worker is noticed within `heartbeatTimeout`. What fails for a reason that may pass (a
 * crash, a lost connection) is tried again until it succeeds or the run is cancelled; what can never succeed is not. What a person has
 * to mend is tried again every minute (`workers/nameFailures.ts`), and meanwhile told (`monitoring/waiting.ts`).
 */

import type { Duration } from '@temporalio/common';
import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  scheduleActivity,
  workflowInfo,
} from '@temporalio/workflow';
import { type FailureName, nonRetryableFailures } from '../../activities/errors.js';
import type { EngineActivities, GeneralActivities } from '../../activities/index.js';
import { engineQueue, generalQueue } from '../config/taskQueues.js';
import { untilDone } from '../monitoring/waiting.js';
import { timeLimitOf } from './timeLimits.js';

const options: ActivityOptions = {
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    nonRetryableErrorTypes: [...nonRetryableFailures],
  },
};

export const engine = activitiesOf<EngineActivities>(engineQueue);
export const general = activitiesOf<GeneralActivities>(generalQueue);

interface CallOptions {
  /** Labels it in the UI's timeline. */
  readonly summary: string;
  /** When it is given up, all attempts together; left out, never. */
  readonly patience?: Duration;
}

type Callable<Served> = {
  readonly [Name in keyof Served]: Served[Name] extends (input: infer Input) => Promise<infer Result>
    ? { executeWithOptions(options: CallOptions, args: readonly [Input]): Promise<Result> }
    : never;
};

/** As the SDK's `proxyActivities`, with each activity's own limit of time. */
function activitiesOf<Served>(taskQueue: string): Callable<Served> {
  const get = (_: object, name: string | symbol) => ({
    executeWithOptions: ({ summary, patience }: CallOptions, args: [never]) => {
      const startToCloseTimeout = timeLimitOf(String(name), ...args);
      // Runs whose tasks wait for the same workers take turns, whatever each has in the queue.
      const priority = { fairnessKey: fairnessKey() };
      const own = { taskQueue, startToCloseTimeout, summary, priority };
      const whole = patience === undefined ? {} : { scheduleToCloseTimeout: patience };
      const schedule = () => scheduleActivity(String(name), args, { ...options, ...own, ...whole });
      return untilDone(schedule).catch((error: unknown) => {
        throw withWhoNeeds(error, summary);
      });
    },
  });
  return new Proxy({}, { get }) as Callable<Served>;
}

const longestKey = 64;

/** The run's, of its children as well: a comparison's trainings together take one turn. */
function fairnessKey(): string {
  const { root, workflowId } = workflowInfo();
  return encodeURIComponent(root?.workflowId ?? workflowId).slice(-longestKey);
}

const corruptObject: FailureName = 'CorruptObject';

/** An object's name is a hash: of one that is damaged it is told which run needs it, and for what round. */
function withWhoNeeds(error: unknown, summary: string): unknown {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== corruptObject) return error;
  const { workflowId } = workflowInfo();
  return ApplicationFailure.nonRetryable(`${cause.message}. Run ${workflowId} needs it for "${summary}"`, cause.type);
}
