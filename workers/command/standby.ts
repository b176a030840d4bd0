/**
 * A worker of this process for as long as nobody else serves a run: beside a `reft up` none is needed, and a run must not
 * wait forever when that one is gone.
 */
import { type Client, isGrpcServiceError } from '@temporalio/client';
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
      if (worker || (await isServed(client, stack))) return false;
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

/** gRPC's status for a call that the server does not know. */
const unimplemented = 12;

/** A worker not heard of for so long is gone. One whose clock is behind seems so too; two workers do no harm. */
const silenceMs = 8 * workerHeartbeatMs;

/**
 * Whether workers serve every task queue, here or elsewhere. They are known by their heartbeats: to be asking for tasks says
 * less, since a busy engine's worker does not and a killed one seems to for a minute.
 */
async function isServed(client: Client, { temporal }: StackAccess): Promise<boolean> {
  const since = new Date(Date.now() - silenceMs).toISOString();
  try {
    // One after the other: a call that is still tried again when the connection is closed ends the process.
    for (const queue of [generalQueue, engineQueue]) {
      const { workers } = await client.workflowService.listWorkers({
        namespace: temporal.namespace,
        query: `TaskQueue = '${queue}' AND WorkerStatus = 'Running' AND HeartbeatTime > '${since}'`,
      });
      if (workers.length === 0) return false;
    }
    return true;
  } catch (error) {
    // A server from before such heartbeats cannot tell.
    if (isGrpcServiceError(error) && error.code === unimplemented) return false;
    throw error;
  }
}
