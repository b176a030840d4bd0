/** A whole run on the real parts: Temporal, S3, a worker process with its engine and its sandbox, all on this machine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createStore } from '../../activities/store/store.js';
import type { Store } from '../../activities/store/types.js';
import type { StackAccess } from '../../infra/stack.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import type { reft } from '../../workflows/index.js';
import type { RunResult } from '../../workflows/runState.js';
import { startTestStack } from '../support/stack.js';
import { startWorkerProcess, type WorkerProcess } from '../support/workerProcess.js';

export const runId = 'benchmark';

export interface WholeRun {
  readonly result: RunResult;
  /** From the workflow's start to its end: servers and worker are there before. */
  readonly wallSeconds: number;
  readonly engineSeconds: number;
  readonly client: Client;
  /** With local copies in `folder`, which outlives the servers until `use` has ended. */
  readonly store: Store;
  readonly folder: string;
}

/**
 * Runs a specification to its end, hands it to `read` while the servers are there, and what that gives to `use` when they are not.
 * @param startWorkers what works on it
 */
export async function withWholeRun<Read, Used>(
  spec: SpecInput,
  read: (run: WholeRun) => Promise<Read>,
  use: (found: Read) => Promise<Used>,
  startWorkers: (stack: StackAccess) => Promise<readonly WorkerProcess[]> = async (stack) => [
    await startWorkerProcess(stack),
  ],
): Promise<Used> {
  const folder = await mkdtemp(join(tmpdir(), 'reft-bench-'));
  try {
    return await use(await runOnce(spec, folder, read, startWorkers));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runOnce<Read>(
  spec: SpecInput,
  folder: string,
  read: (run: WholeRun) => Promise<Read>,
  startWorkers: (stack: StackAccess) => Promise<readonly WorkerProcess[]>,
): Promise<Read> {
  const stack = await startTestStack();
  try {
    const workers = await startWorkers(stack);
    const connection = await Connection.connect({ address: stack.temporal.address });
    try {
      const client = new Client({ connection });
      const handle = await client.workflow.start<typeof reft>('reft', {
        workflowId: runId,
        taskQueue: generalQueue,
        args: [spec],
      });
      const result = await handle.result();
      const { startTime, closeTime } = await client.workflow.getHandle(runId).describe();
      const store = createStore({ ...stack.s3, cacheDirectory: folder, cacheBytes: 2 ** 30 });
      return await read({
        result,
        // Of its last execution, where it has continued as new.
        wallSeconds: Math.max(result.seconds, ((closeTime?.getTime() ?? Number.NaN) - startTime.getTime()) / 1_000),
        engineSeconds: Object.values(result.work).reduce((sum, part) => sum + part.engineSeconds, 0),
        client,
        store,
        folder,
      });
    } finally {
      await connection.close();
      for (const worker of workers) await worker.kill();
    }
  } finally {
    await stack.stop();
  }
}
