/**
 * A worker of this process for as long as nobody else serves a run: beside a `reft up` none is needed, and a run must not
 * wait forever when that one is gone.
 */
import { type Client, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { StackAccess } from '../../infra/stack.js';
import { engineQueue, generalQueue } from '../../workflows/config/taskQueues.js';
import { queueNames } from '../names.js';
import { workerHeartbeatMs } from '../runtime.js';
import { type RunningWorker, startWorker } from '../worker.js';

export interface Standby {
  /**
   * Starts the worker unless there is one, here or elsewhere, for each task queue. True when it did.
   * @throws what made this process's worker fail
   */
  serveIfNobodyDoes(): Promise<boolean>;
  stop(): Promise<void>;
}

export function createStandby(client: Client, stack: StackAccess): Standby {
  let worker: RunningWorker | undefined;
  let failure: { readonly reason: unknown } | undefined;
  return {
    async serveIfNobodyDoes() {
      if (failure) throw failure.reason;
      if (worker || (await isServed(client))) return false;
      worker = await startWorker(stack, queueNames);
      worker.ended.catch((reason: unknown) => {
        failure = { reason };
      });
      return true;
    },
    async stop() {
      // A failure has been thrown already, or came after the run's end.
      await worker?.stop().catch(() => undefined);
    },
  };
}

const { TASK_QUEUE_TYPE_WORKFLOW: workflowType, TASK_QUEUE_TYPE_ACTIVITY: activityType } =
  proto.temporal.api.enums.v1.TaskQueueType;

/** gRPC's status for a call that the server does not know. */
const unimplemented = 12;

/** A worker not heard of for so long is gone. One whose clock is behind seems so too; two workers do no harm. */
const silenceMs = 8 * workerHeartbeatMs;

/**
 * Task queues that no worker serves, here or elsewhere; none where the server cannot tell. A busy engine's worker asks for no tasks but sends
 * heartbeats, and one that has just started asks before its first heartbeat: a queue without either is not served.
 */
export async function unservedQueues(client: Client, queues: readonly string[]): Promise<readonly string[]> {
  const unserved: string[] = [];
  const { namespace } = client.options;
  try {
    for (const queue of queues)
      if (!(await hasHeartbeat(client, queue))) {
        const { pollers } = await client.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: queue },
          taskQueueType: queue === engineQueue ? activityType : workflowType,
        });
        if ((pollers ?? []).length === 0) unserved.push(queue);
      }
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === unimplemented) return [];
    throw error;
  }
  return unserved;
}

/**
 * Whether workers serve every task queue, here or elsewhere. They are known by their heartbeats: to be asking for tasks says
 * less, since a busy engine's worker does not and a killed one seems to for a minute.
 */
async function isServed(client: Client): Promise<boolean> {
  try {
    // One after the other: a call that is still tried again when the connection is closed ends the process.
    for (const queue of [generalQueue, engineQueue]) if (!(await hasHeartbeat(client, queue))) return false;
    return true;
  } catch (error) {
    // A server from before such heartbeats cannot tell.
    if (isGrpcServiceError(error) && error.code === unimplemented) return false;
    throw error;
  }
}

async function hasHeartbeat(client: Client, queue: string): Promise<boolean> {
  return (await heartbeatingWorkers(client, queue)).length > 0;
}

/** Those that serve the queue and have been heard of lately. */
async function heartbeatingWorkers(client: Client, queue: string) {
  const since = new Date(Date.now() - silenceMs).toISOString();
  const { workers } = await client.workflowService.listWorkers({
    namespace: client.options.namespace,
    query: `TaskQueue = '${queue.replaceAll("'", "\\'")}' AND WorkerStatus = 'Running' AND HeartbeatTime > '${since}'`,
  });
  return workers;
}

/** The processes that serve runs: `host a, process 12: reft, reft-engine`. None where the server cannot tell. */
export async function describeWorkers(client: Client): Promise<readonly string[]> {
  const queuesOf = new Map<string, Set<string>>();
  try {
    for (const queue of [generalQueue, engineQueue])
      for (const { hostName, processId } of await heartbeatingWorkers(client, queue)) {
        const name = `host ${hostName}, process ${processId}`;
        queuesOf.set(name, (queuesOf.get(name) ?? new Set()).add(queue));
      }
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === unimplemented) return [];
    throw error;
  }
  return [...queuesOf].map(([name, queues]) => `${name}: ${[...queues].join(', ')}`);
}
