/**
 * Every method on the real parts, each under its own workflow type; and again with a worker killed with SIGKILL in the middle:
 * the same checkpoints, byte for byte.
 */
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Progress } from '../../workflows/progress.js';
import type { RunResult } from '../../workflows/run.js';
import { startTestStack, type TestStack } from '../support/stack.js';
import { startWorkerProcess, type WorkerProcess } from '../support/workerProcess.js';

/** By workflow type, the name of its training's phase. PPO and SFT have tests of their own. */
const types = ['offline-self-training', 'online-self-training', 'expert-iteration', 'grpo', 'rloo'] as const;

const spec = {
  preset: 'smoke',
  warmUp: { epochs: 3 },
  groupPolicy: { klCoefficient: 0.05 },
  sft: null,
  rewardModel: null,
  evaluation: { samplesPerQuestion: 0 },
};

let stack: TestStack;
let worker: WorkerProcess;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  stack = await startTestStack();
  worker = await startWorkerProcess(stack);
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection });
});

afterAll(async () => {
  await connection?.close();
  await worker?.kill();
  await stack?.stop();
});

const start = (prefix: string): Promise<WorkflowHandle[]> =>
  Promise.all(
    types.map((type) =>
      client.workflow.start(type, { taskQueue: 'reft', workflowId: `${prefix}-${type}`, args: [spec] }),
    ),
  );

const resultsOf = (handles: readonly WorkflowHandle[]): Promise<RunResult[]> =>
  Promise.all(handles.map((handle): Promise<RunResult> => handle.result()));

/** Waits until each run is in the middle of its method. */
async function waitForTraining(handles: readonly WorkflowHandle[]): Promise<void> {
  for (const [index, handle] of handles.entries())
    for (;;) {
      const { phases } = await handle.query<Progress>('progress');
      if ((phases.find(({ phase }) => phase === types[index])?.round ?? 0) > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

it('every method trains, evaluates and reports, and ends the same after losing its worker', async () => {
  const calm = await resultsOf(await start('calm'));
  for (const [index, { accuracy, figures, work, checkpoint }] of calm.entries()) {
    const type = types[index] ?? '';
    expect(Object.keys(figures), type).toEqual(['warmUp', type]);
    expect(accuracy.top1, type).toBeGreaterThanOrEqual(0);
    expect(work.validation?.engineSeconds, type).toBeGreaterThan(0);
    expect(checkpoint.step, type).toBeGreaterThanOrEqual(type === 'expert-iteration' ? 0 : 1);
  }
  // Five different methods from one warm-up.
  expect(new Set(calm.map(({ checkpoint }) => checkpoint.sha256)).size).toBeGreaterThanOrEqual(4);

  const handles = await start('disturbed');
  await waitForTraining(handles.slice(0, 2));
  await worker.kill();
  worker = await startWorkerProcess(stack);
  const disturbed = await resultsOf(handles);
  expect(disturbed.map(({ checkpoint }) => checkpoint.sha256)).toEqual(calm.map(({ checkpoint }) => checkpoint.sha256));
}, 400_000);
