/** The real parts that end-to-end tests run on: Temporal's server, an S3 server, a worker process and a client. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll } from 'vitest';
import { required } from '../../activities/invariant.js';
import { startTestStack, type TestStack } from '../support/stack.js';
import { startWorkerProcess, type WorkerEnd, type WorkerProcess } from '../support/workerProcess.js';

export interface RealParts {
  readonly stack: TestStack;
  readonly client: Client;
  /** Kills the worker with SIGKILL, and its local files with it. */
  killWorker(): Promise<void>;
  /** Ends the worker with SIGTERM. */
  endWorker(): Promise<WorkerEnd>;
  startWorker(): Promise<void>;
}

/**
 * Starts the parts before the first test of the file and stops them after the last. They may be used within tests only.
 * @param environment variables for the worker.
 */
export function useRealParts(environment: NodeJS.ProcessEnv = {}): RealParts {
  let stack: TestStack | undefined;
  let worker: WorkerProcess | undefined;
  let connection: Connection | undefined;
  let client: Client | undefined;
  const started = (): TestStack => required(stack, 'the stack');

  async function startWorker(): Promise<void> {
    worker = await startWorkerProcess(started(), undefined, environment);
  }

  async function killWorker(): Promise<void> {
    await worker?.kill();
    worker = undefined;
  }

  async function endWorker(): Promise<WorkerEnd> {
    const end = await required(worker, 'the worker').end();
    worker = undefined;
    return end;
  }

  beforeAll(async () => {
    stack = await startTestStack();
    await startWorker();
    connection = await Connection.connect({ address: stack.temporal.address });
    client = new Client({ connection });
  });

  afterAll(async () => {
    await connection?.close();
    await killWorker();
    await stack?.stop();
  });

  return {
    get stack() {
      return started();
    },
    get client() {
      return required(client, 'the client');
    },
    killWorker,
    endWorker,
    startWorker,
  };
}
