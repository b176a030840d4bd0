/**
 * How the workflows call activities: which task queue, how long they may take (`timeLimits.ts`), what is tried again.
 *
 * Activities heartbeat each second, so a dead worker is noticed within `heartbeatTimeout`. What fails for a reason that may pass (a
 * crash, a lost connection, no memory) is tried again until it succeeds or the run is cancelled; what can never succeed is not.
 */
import { type ActivityOptions, scheduleActivity } from '@temporalio/workflow';
import { nonRetryableFailures } from '../../activities/errors.js';
import type { EngineActivities, GeneralActivities } from '../../activities/index.js';
import { engineQueue, generalQueue } from '../config/taskQueues.js';
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

type Callable<Served> = {
  readonly [Name in keyof Served]: Served[Name] extends (input: infer Input) => Promise<infer Result>
    ? { executeWithOptions(options: { readonly summary: string }, args: readonly [Input]): Promise<Result> }
    : never;
};

/** As the SDK's `proxyActivities`, with each activity's own limit of time. `summary` labels it in the UI's timeline. */
function activitiesOf<Served>(taskQueue: string): Callable<Served> {
  const get = (_: object, name: string | symbol) => ({
    executeWithOptions: ({ summary }: { readonly summary: string }, args: [never]) => {
      const startToCloseTimeout = timeLimitOf(String(name), ...args);
      return scheduleActivity(String(name), args, { ...options, taskQueue, startToCloseTimeout, summary });
    },
  });
  return new Proxy({}, { get }) as Callable<Served>;
}
