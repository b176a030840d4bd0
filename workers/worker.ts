/** A worker process's inside: the engine, the sandbox, the store and the Temporal workers that use them, from start to end. */
import { NativeConnection } from '@temporalio/worker';
import { machine } from '../activities/engine/ort/machine.js';
import { createEnginePool } from '../activities/engine/process/enginePool.js';
import { createActivities } from '../activities/index.js';
import { hubFromEnvironment } from '../activities/pretrained/hub.js';
import { createSandboxPool } from '../activities/rewards/sandbox/pool.js';
import { describeFailure } from '../activities/store/s3/failures.js';
import { removeLeftovers } from '../activities/store/s3/leftovers.js';
import { prepareBucket, type S3Access } from '../infra/s3/access.js';
import type { StackAccess } from '../infra/stack.js';
import { connectionOptions } from '../infra/temporal/access.js';
import { bundleWorkflows } from './bundleWorkflows.js';
import { createWorkers, runWorkers } from './createWorkers.js';
import { log } from './log.js';
import type { QueueName } from './names.js';
import { openStore } from './openStore.js';
import { installRuntime } from './runtime.js';
import { engineCount, workDirectory } from './settings.js';

export interface RunningWorker {
  /** Resolves when the worker has shut down; rejects when it failed. */
  readonly ended: Promise<void>;
  /** Lets activities finish for two seconds, then ends them; their next attempt is another worker's. */
  stop(): Promise<void>;
}

/** Starts serving `queues` on a stack; resolves when tasks are being polled for. */
export async function startWorker(stack: StackAccess, queues: readonly QueueName[]): Promise<RunningWorker> {
  installRuntime();
  const [connection, workflowBundle, s3] = await Promise.all([
    NativeConnection.connect(connectionOptions(stack.temporal)),
    bundleWorkflows(),
    stack.s3.dialect === undefined ? prepareBucket(stack.s3) : stack.s3,
  ]);
  const engines = engineCount();
  const engine = createEnginePool(engines, log);
  const sandbox = createSandboxPool({ processes: machine.cores, secondsPerProgram: 2, megabytes: 256, log });
  const activities = createActivities({
    store: openStore(s3),
    engine,
    sandbox,
    environment: process.env,
    workDirectory,
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
  });
  const served = { queues, engines, address: stack.temporal.address };
  log('info', 'worker started', served);
  void tidy(s3);
  const ended = runWorkers(workers)
    .finally(() => Promise.all([engine.close(), sandbox.close(), connection.close()]))
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
