/**
 * How the workflows call activities: which task queue, how long they may take, what is tried again.
 *
 * Activities heartbeat each second, so a dead worker is noticed within `heartbeatTimeout` and the time an activity may take in
 * all can be generous. What fails for a reason that may pass (a crash, a lost connection, no memory) is tried again until it
 * succeeds or the run is cancelled; what can never succeed is not.
 */
import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import { nonRetryableFailures } from '../../activities/errors.js';
import type { EngineActivities, GeneralActivities } from '../../activities/index.js';
import { engineQueue, generalQueue } from '../config/taskQueues.js';

const options: ActivityOptions = {
  heartbeatTimeout: '10 seconds',
  startToCloseTimeout: '1 day',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    nonRetryableErrorTypes: [...nonRetryableFailures],
  },
};

export const engine = proxyActivities<EngineActivities>({ ...options, taskQueue: engineQueue });
export const general = proxyActivities<GeneralActivities>({ ...options, taskQueue: generalQueue });
