/** Temporal workers for the task queues: workflows and general activities on one, the engine's activities on the other. */
import { type NativeConnection, Worker, type WorkerOptions, type WorkflowBundle } from '@temporalio/worker';
import type { ActivitySet } from '../activities/index.js';
import { engineQueue, generalQueue } from '../workflows/config/taskQueues.js';
import { nameFailures } from './nameFailures.js';
import type { QueueName } from './names.js';

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly queues: readonly QueueName[];
  readonly activities: ActivitySet;
  /** Tasks that the engine does at a time. */
  readonly engines: number;
  readonly workflowBundle: WorkflowBundle;
}

/** Creates the workers; nothing is polled before they are run. */
export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  const { connection, namespace, queues, activities, engines, workflowBundle } = options;
  const common = {
    connection,
    namespace,
    // Without it heartbeats are held back for 8 of the 10 seconds, and with them progress and cancellations.
    maxHeartbeatThrottleInterval: '1 second',
    // What an activity has not finished by then is done again by the next worker.
    shutdownGraceTime: '2 seconds',
    shutdownForceTime: '15 seconds',
    interceptors: { activity: [() => ({ inbound: nameFailures })] },
  } satisfies Omit<WorkerOptions, 'taskQueue'>;
  const create: Record<QueueName, () => Promise<Worker>> = {
    general: () =>
      Worker.create({
        ...common,
        taskQueue: generalQueue,
        workflowBundle,
        activities: activities.general,
        maxConcurrentActivityTaskExecutions: 8,
      }),
    // A task that an engine has not begun is better left to another machine's.
    engine: () =>
      Worker.create({
        ...common,
        taskQueue: engineQueue,
        activities: activities.engine,
        maxConcurrentActivityTaskExecutions: engines,
      }),
  };
  return Promise.all(queues.map((queue) => create[queue]()));
}

/** Runs workers until all are shut down; when one fails, the others are shut down and the failure is thrown. */
export async function runWorkers(workers: readonly Worker[]): Promise<void> {
  const shutDownOthers = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  await Promise.all(workers.map((worker) => worker.run().finally(shutDownOthers)));
}
