/** What serves the task queues, over a connection that is there: the Temporal workers, with the engine, the sandbox and the store. */
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { describeFailure } from '../activities/store/s3/failures.js';
import { removeLeftovers } from '../activities/store/s3/leftovers.js';
import { prepareBucket, type S3Access } from '../infra/s3/access.js';
import { checkOpenRuns } from '../infra/temporal/codec/checkOpenRuns.js';
import { generalQueue } from '../workflows/config/taskQueues.js';
import { bundleWorkflows } from './bundleWorkflows.js';
import { createWorkers, runWorkers } from './createWorkers.js';
import { log } from './log.js';
import type { QueueName } from './names.js';
import { openActivities } from './openActivities.js';
import { openTracing } from './tracing.js';

export interface HostOptions {
  /** It stays its owner's, who closes it after `run`. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly s3: S3Access;
  readonly queues: readonly QueueName[];
  readonly dataConverter: DataConverter;
  /** Which build of the code it is, where runs are to be pinned to builds (`VERSIONS.md`). */
  readonly buildId?: string;
}

export interface Host {
  /** Polls for tasks until it is shut down, and ends what belongs to it; rejects when a worker failed. */
  run(): Promise<void>;
  /** Whether tasks of every queue are polled for. */
  isServing(): boolean;
  /** Lets activities finish for two seconds, then ends them; their next attempt is another worker's. Calling it again is harmless. */
  shutDown(): void;
}

/**
 * Makes everything ready; nothing is polled for before `run`, which has to be called.
 * @throws MissingCodecKey when runs under way are encrypted with a key that the environment does not have
 */
export async function hostQueues(options: HostOptions): Promise<Host> {
  const { connection, namespace, queues, dataConverter, buildId } = options;
  await checkOpenRuns(connection.workflowService, { namespace, taskQueue: generalQueue });
  const [workflowBundle, s3] = await Promise.all([
    bundleWorkflows(dataConverter.failureConverterPath),
    options.s3.dialect === undefined ? prepareBucket(options.s3) : options.s3,
  ]);
  const [activities, tracing] = await Promise.all([openActivities(s3), openTracing()]);
  const { engines } = activities;
  const build = buildId === undefined ? {} : { buildId };
  const close = () => Promise.all([activities.close(), tracing?.close()]);
  const workers = await createWorkers({
    connection,
    namespace,
    queues,
    activities,
    engines,
    workflowBundle,
    dataConverter,
    tracing,
    ...build,
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const served = { queues, engines, namespace, ...build };
  return {
    async run() {
      // It loads while the first run's data are prepared.
      if (queues.includes('engine')) activities.warmUp();
      log('info', 'worker started', served);
      void tidy(s3);
      try {
        await runWorkers(workers);
        log('info', 'worker stopped', served);
      } catch (error) {
        log('error', 'worker failed', { ...served, error });
        throw error;
      } finally {
        await close();
      }
    },
    isServing: () => workers.every((worker) => worker.getState() === 'RUNNING'),
    shutDown() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}

/** Nobody waits for it, and a worker works without it: the credentials need not have the right. */
async function tidy(s3: S3Access): Promise<void> {
  try {
    const removed = await removeLeftovers(s3);
    if (removed > 0) log('info', 'unfinished uploads of killed processes removed', { removed });
  } catch (error) {
    log('info', 'unfinished uploads were not looked for', { error: describeFailure(s3, 'objects/', error).message });
  }
}
