/**
 * `reft/worker`: how a team's own process serves runs beside its own workflows. Where storage, data and devices are is read from the
 * environment, as `reft worker` reads it; Temporal is the team's connection.
 */
import type { ActivityInterceptorsFactory, BundlerPlugin, NativeConnection, WorkerPlugin } from '@temporalio/worker';
import { InvalidSettings } from '../../activities/errors.js';
import type { ActivitySet } from '../../activities/index.js';
import { prepareBucket, type S3Access, s3FromEnvironment } from '../../infra/s3/access.js';
import { dataConverterFrom } from '../../infra/temporal/codec/dataConverter.js';
import { registerThrough } from '../../infra/temporal/prepare.js';
import { interceptorModules } from '../bundleWorkflows.js';
import { type Host, hostQueues } from '../hostQueues.js';
import { nameFailures } from '../nameFailures.js';
import { type QueueName, queueNames } from '../names.js';
import { openActivities } from '../openActivities.js';

export { engineQueue, generalQueue } from '../../workflows/config/taskQueues.js';
export type { ActivitySet, Host, QueueName };

/** The activities, for workers that a team puts together itself. */
export interface ReftActivities extends ActivitySet {
  /** For `WorkerOptions.interceptors.activity`: failures get their types, by which it is decided what is tried again. */
  readonly interceptors: ActivityInterceptorsFactory[];
  /** Ends the processes of the engine and the sandbox. */
  close(): Promise<void>;
}

/**
 * Activities of both task queues, over the storage that `S3_ENDPOINT` and its like name.
 * @throws InvalidSettings, MissingSoftware naming the variable when the storage cannot be used
 */
export async function createActivities(): Promise<ReftActivities> {
  const { general, engine, close } = await openActivities(await prepareBucket(storage()));
  return { general, engine, close, interceptors: [() => ({ inbound: nameFailures })] };
}

export interface WorkersOptions {
  readonly connection: NativeConnection;
  /** Left out, `default`. */
  readonly namespace?: string;
  /** `general`: workflows and what needs no engine; `engine`: training and generating. Left out, both. */
  readonly queues?: readonly QueueName[];
}

/**
 * Workers of the queues `reft` and `reft-engine`, as `reft worker` has them, over a connection of the team's.
 * @throws InvalidSettings, MissingSoftware naming the variable when the storage or the namespace cannot be used
 */
export async function createWorkers(options: WorkersOptions): Promise<Host> {
  const { connection, namespace = 'default', queues = queueNames } = options;
  const s3 = storage();
  await registerThrough(connection, namespace);
  return hostQueues({ connection, namespace, s3, queues, dataConverter: dataConverterFrom() });
}

/**
 * For `plugins` of the team's worker: its bundle gets what our workflows run in, it encrypts as `REFT_CODEC_KEY` says where it has no data
 * converter of its own, and while it runs, `createWorkers` serves the queues beside it.
 */
export function reftPlugin({ queues = queueNames }: Pick<WorkersOptions, 'queues'> = {}): WorkerPlugin & BundlerPlugin {
  let host: Host | undefined;
  return {
    name: 'reft',
    configureBundler: (options) => ({
      ...options,
      workflowInterceptorModules: [...(options.workflowInterceptorModules ?? []), ...interceptorModules],
    }),
    async configureWorker(options) {
      const { connection, namespace, dataConverter = dataConverterFrom() } = options;
      if (connection === undefined) throw new InvalidSettings('reftPlugin: the worker needs a `connection`');
      const own = { connection, queues, ...(namespace === undefined ? {} : { namespace }) };
      // Without one `reft worker` serves them elsewhere.
      host = queues.length === 0 ? undefined : await createWorkers(own);
      return { ...options, dataConverter };
    },
    async runWorker(worker, next) {
      const shutDown = (): void => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
      };
      // Whichever ends first takes the other with it.
      await Promise.all([next(worker).finally(host?.shutDown), host?.run().finally(shutDown)]);
    },
  };
}

function storage(): S3Access {
  const s3 = s3FromEnvironment(process.env);
  if (s3 === null)
    throw new InvalidSettings('S3_ENDPOINT is not set: a run keeps its models and data in an S3-compatible storage');
  return s3;
}
