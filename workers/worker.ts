/** A worker process's inside: the engine, the sandbox, the store and the Temporal workers that use them, from start to end. */
import type { DataConverter } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { createEnginePool } from '../activities/engine/process/enginePool.js';
import { createActivities } from '../activities/index.js';
import { hubFromEnvironment } from '../activities/pretrained/hub.js';
import { describeFailure } from '../activities/store/s3/failures.js';
import { removeLeftovers } from '../activities/store/s3/leftovers.js';
import { openUpkeep } from '../activities/store/s3/upkeep.js';
import { downloadsIn, openWorkspace } from '../activities/workspace.js';
import { prepareBucket, type S3Access } from '../infra/s3/access.js';
import type { StackAccess } from '../infra/stack.js';
import { connectionOptions } from '../infra/temporal/access.js';
import { checkOpenRuns } from '../infra/temporal/codec/checkOpenRuns.js';
import { dataConverterFrom } from '../infra/temporal/codec/dataConverter.js';
import { generalQueue } from '../workflows/config/taskQueues.js';
import { bundleWorkflows } from './bundleWorkflows.js';
import { createWorkers, runWorkers } from './createWorkers.js';
import { log } from './log.js';
import type { QueueName } from './names.js';
import { openSandbox } from './openSandbox.js';
import { openStore } from './openStore.js';
import { installRuntime } from './runtime.js';
import { engineCount, workDirectory } from './settings.js';
import { openTracing } from './tracing.js';

export interface RunningWorker {
  /** Resolves when the worker has shut down; rejects when it failed. */
  readonly ended: Promise<void>;
  /** Whether tasks of every queue are polled for. */
  isServing(): boolean;
  /** Lets activities finish for two seconds, then ends them; their next attempt is another worker's. */
  stop(): Promise<void>;
}

/**
 * Starts serving `queues` on a stack; resolves when tasks are being polled for.
 * @param buildId of this code, where runs are to be pinned to builds
 * @throws MissingCodecKey when runs under way are encrypted with a key that the environment does not have
 */
export async function startWorker(
  stack: StackAccess,
  queues: readonly QueueName[],
  buildId?: string,
): Promise<RunningWorker> {
  const dataConverter = dataConverterFrom();
  installRuntime();
  const connection = await NativeConnection.connect(connectionOptions(stack.temporal));
  try {
    const { namespace } = stack.temporal;
    await checkOpenRuns(connection.workflowService, { namespace, taskQueue: generalQueue });
    return await startOn(connection, dataConverter, stack, queues, buildId);
  } catch (error) {
    // Left open it would keep the process alive: neither working nor ended, so that nobody starts another.
    await connection.close();
    throw error;
  }
}

async function startOn(
  connection: NativeConnection,
  dataConverter: DataConverter,
  stack: StackAccess,
  queues: readonly QueueName[],
  buildId: string | undefined,
): Promise<RunningWorker> {
  const [workflowBundle, s3, workspace, tracing] = await Promise.all([
    bundleWorkflows(dataConverter.failureConverterPath),
    stack.s3.dialect === undefined ? prepareBucket(stack.s3) : stack.s3,
    openWorkspace(workDirectory),
    openTracing(),
  ]);
  const engines = engineCount();
  const build = buildId === undefined ? {} : { buildId };
  const engine = createEnginePool(engines, log);
  const sandbox = openSandbox();
  const activities = createActivities({
    store: openStore(s3),
    upkeep: openUpkeep(s3),
    engine,
    sandbox,
    environment: process.env,
    workDirectory: workspace.directory,
    downloadDirectory: downloadsIn(workDirectory),
    hub: hubFromEnvironment(process.env),
    dataDirectory: process.env.REFT_DATA_DIR,
  });
  const workers = await createWorkers({
    connection,
    namespace: stack.temporal.namespace,
    queues,
    activities,
    engines,
    workflowBundle,
    dataConverter,
    tracing,
    ...build,
  });
  // It loads while the first run's data are prepared.
  if (queues.includes('engine')) engine.warmUp();
  const served = { queues, engines, address: stack.temporal.address, ...build };
  log('info', 'worker started', served);
  const { removed } = workspace;
  if (removed > 0) log('info', 'files of killed workers removed', { removed, folder: workDirectory });
  void tidy(s3);
  const ended = runWorkers(workers)
    .finally(() => Promise.all([engine.close(), sandbox.close(), connection.close(), tracing?.close()]))
    .finally(workspace.close)
    .then(
      () => log('info', 'worker stopped', served),
      (error: unknown) => {
        log('error', 'worker failed', { ...served, error });
        throw error;
      },
    );
  // Whoever waits for the end hears of a failure; until then it is no unhandled one.
  ended.catch(() => undefined);
  return {
    ended,
    isServing: () => workers.every((worker) => worker.getState() === 'RUNNING'),
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
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
