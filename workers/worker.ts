/** A worker process's inside: the SDK's runtime, a connection of its own, and what serves the task queues, from start to end. */
import { NativeConnection } from '@temporalio/worker';
import type { StackAccess } from '../infra/stack.js';
import { connectionOptions } from '../infra/temporal/access.js';
import { dataConverterFrom } from '../infra/temporal/codec/dataConverter.js';
import { hostQueues } from './hostQueues.js';
import type { QueueName } from './names.js';
import { installRuntime } from './runtime.js';

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
    const build = buildId === undefined ? {} : { buildId };
    const host = await hostQueues({ connection, namespace, s3: stack.s3, queues, dataConverter, ...build });
    const ended = host.run().finally(() => connection.close());
    // Whoever waits for the end hears of a failure; until then it is no unhandled one.
    ended.catch(() => undefined);
    return {
      ended,
      isServing: host.isServing,
      async stop() {
        host.shutDown();
        await ended;
      },
    };
  } catch (error) {
    // Left open it would keep the process alive: neither working nor ended, so that nobody starts another.
    await connection.close();
    throw error;
  }
}
