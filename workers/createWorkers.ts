/** Temporal workers for the task queues: workflows and general activities on one, the engine's activities on the other. */
import type { DataConverter } from '@temporalio/common';
import {
  type FixedSizeSlotSupplier,
  type NativeConnection,
  Worker,
  type WorkerDeploymentOptions,
  type WorkerOptions,
  type WorkflowBundle,
} from '@temporalio/worker';
import type { ActivitySet } from '../activities/index.js';
import { engineQueue, generalQueue } from '../workflows/config/taskQueues.js';
import { createEngineSlots } from './engineSlots.js';
import { nameFailures } from './nameFailures.js';
import type { QueueName } from './names.js';
import type { Tracing } from './tracing.js';

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly queues: readonly QueueName[];
  readonly activities: ActivitySet;
  /** Tasks that the engine does at a time. */
  readonly engines: number;
  readonly workflowBundle: WorkflowBundle;
  /** Left out: the SDK's own. */
  readonly dataConverter?: DataConverter;
  /** Which build of the code they are, where runs are to be pinned to one (`VERSIONS.md`). */
  readonly buildId?: string;
  /** Left out: no traces. */
  readonly tracing?: Tracing | undefined;
}

/** What an activity has not finished by then, after a worker was told to stop, is done again by the next worker. */
const shutdownGraceMilliseconds = 2_000;
/** A worker has stopped by then, whatever its activities do. Whoever stops the process has to wait longer. */
export const shutdownForceMilliseconds = 15_000;

const notServed: FixedSizeSlotSupplier = { type: 'fixed-size', numSlots: 2 };

/** The name of Temporal's worker deployment whose versions the builds are. */
export const deploymentName = 'reft';

/**
 * Every workflow is pinned: from one safe point to the next it is served by the build that it began with, and needs no patches. At a
 * safe point it changes over by itself (`workflows/steps/renewal.ts`).
 */
function deploymentOf(buildId: string): WorkerDeploymentOptions {
  return { version: { deploymentName, buildId }, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' };
}

/** Creates the workers; nothing is polled before they are run. */
export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  const { connection, namespace, queues, activities, engines, workflowBundle, dataConverter, buildId, tracing } =
    options;
  const traced = tracing === undefined ? [] : [tracing.activityInterceptor];
  const common = {
    connection,
    namespace,
    // Without it heartbeats are held back for 8 of the 10 seconds, and with them progress and cancellations.
    maxHeartbeatThrottleInterval: '1 second',
    shutdownGraceTime: shutdownGraceMilliseconds,
    shutdownForceTime: shutdownForceMilliseconds,
    ...(dataConverter === undefined ? {} : { dataConverter }),
    ...(buildId === undefined ? {} : { workerDeploymentOptions: deploymentOf(buildId) }),
  } satisfies Omit<WorkerOptions, 'taskQueue'>;
  const create: Record<QueueName, () => Promise<Worker>> = {
    general: () =>
      Worker.create({
        ...common,
        taskQueue: generalQueue,
        workflowBundle,
        activities: activities.general,
        interceptors: { activity: [...traced, () => ({ inbound: nameFailures })] },
        ...(tracing === undefined ? {} : { sinks: tracing.sinks }),
        maxConcurrentActivityTaskExecutions: 8,
      }),
    engine: () => {
      const slots = createEngineSlots(engines);
      return Worker.create({
        ...common,
        taskQueue: engineQueue,
        activities: activities.engine,
        interceptors: {
          activity: [...traced, () => ({ inbound: nameFailures }), () => ({ inbound: slots.interceptor })],
        },
        tuner: {
          activityTaskSlotSupplier: slots.supplier,
          // It serves neither; the SDK asks for all.
          workflowTaskSlotSupplier: notServed,
          localActivityTaskSlotSupplier: notServed,
          nexusTaskSlotSupplier: notServed,
        },
      });
    },
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
