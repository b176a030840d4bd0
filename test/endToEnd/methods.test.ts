/**
 * Every method on the real parts, each under its own workflow type; and each kind of step again with a worker killed with SIGKILL
 * in the middle: the same checkpoints, byte for byte.
 */
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Progress } from '../../workflows/progress.js';
import type { RunResult } from '../../workflows/run.js';
import { startTestStack, type TestStack } from '../support/stack.js';
import { startWorkerProcess, type WorkerProcess } from '../support/workerProcess.js';

/** Workflow types, each the name of its training's phase. PPO and SFT have tests of their own. */
const types = ['offline-self-training', 'online-self-training', 'grpo', 'expert-iteration', 'rloo'] as const;
/** The last two take the same steps as the two before them. */
const disturbedTypes = types.slice(0, 3);

const spec = {
  preset: 'smoke',
  onlineSelfTraining: { epochs: 1 },
  expertIteration: { epochs: 1 },
  groupPolicy: { epochs: 1, klCoefficient: 0.05 },
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

const start = (prefix: string, chosen: readonly string[]): Promise<WorkflowHandle[]> =>
  Promise.all(
    chosen.map((type) =>
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
  const calm = await resultsOf(await start('calm', types));
  for (const [index, { accuracy, figures, work, checkpoint }] of calm.entries()) {
    const type = types[index] ?? '';
    expect(Object.keys(figures), type).toEqual(['warmUp', type]);
    expect(accuracy.top1, type).toBeGreaterThanOrEqual(0);
    expect(work.validation?.engineSeconds, type).toBeGreaterThan(0);
    expect(checkpoint.step, type).toBeGreaterThanOrEqual(type === 'expert-iteration' ? 0 : 1);
  }
  // Different methods from one warm-up.
  expect(new Set(calm.map(({ checkpoint }) => checkpoint.sha256)).size).toBeGreaterThanOrEqual(4);

  const handles = await start('disturbed', disturbedTypes);
  await waitForTraining(handles.slice(0, 1));
  await worker.kill();
  worker = await startWorkerProcess(stack);
  const disturbed = await resultsOf(handles);
  const hashes = (results: readonly RunResult[]) => results.map(({ checkpoint }) => checkpoint.sha256);
  expect(hashes(disturbed)).toEqual(hashes(calm).slice(0, disturbedTypes.length));
}, 400_000);
