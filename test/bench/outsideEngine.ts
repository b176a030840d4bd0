/**
 * What durability costs: the share of a run's time in which the engine does not compute.
 *
 * The demo, shortened to about a minute, on the real parts: Temporal, S3, a worker process with its engine and its sandbox, all
 * on this machine. Counted as outside are the first start of engine and sandbox, scoring, checkpoints on their way to and from
 * S3, and Temporal itself. Less is better; there is no peer and no floor.
 */
import { loadavg } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import type { reft } from '../../workflows/index.js';
import { startTestStack } from '../support/stack.js';
import { startWorkerProcess } from '../support/workerProcess.js';
import { type BenchmarkResult, rounded } from './result.js';

const spec: SpecInput = {
  preset: 'demo',
  title: 'Benchmark: the demo, shortened',
  data: { train: 1_000, validation: 200, test: 200 },
  warmUp: { epochs: 6 },
  sft: { epochs: 6 },
  ppo: { epochs: 4 },
  rewardModel: { samplesPerQuestion: 1, epochs: 1 },
};

export async function benchOutsideEngine(): Promise<BenchmarkResult> {
  const [load = 0] = loadavg();
  const stack = await startTestStack();
  try {
    const worker = await startWorkerProcess(stack);
    const connection = await Connection.connect({ address: stack.temporal.address });
    try {
      const handle = await new Client({ connection }).workflow.start<typeof reft>('reft', {
        workflowId: 'benchmark',
        taskQueue: generalQueue,
        args: [spec],
      });
      const { work } = await handle.result();
      const { startTime, closeTime } = await handle.describe();
      const wallSeconds = ((closeTime?.getTime() ?? Number.NaN) - startTime.getTime()) / 1_000;
      const engineSeconds = Object.values(work).reduce((sum, part) => sum + part.engineSeconds, 0);
      return {
        name: 'outside-engine',
        ours: rounded(1 - engineSeconds / wallSeconds),
        unit: 'share',
        wallSeconds: rounded(wallSeconds),
        engineSeconds: rounded(engineSeconds),
        load: rounded(load),
      };
    } finally {
      await connection.close();
      await worker.kill();
    }
  } finally {
    await stack.stop();
  }
}
