/**
 * Every method on the real parts, each under its own workflow type; and each kind of step again with a worker killed with SIGKILL
 * in the middle: the same checkpoints, byte for byte.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { expect, it } from 'vitest';
import type { RunResult } from '../../workflows/runState.js';
import { isUnderWay, repeated, waitForActivity } from './lossOfWorkers.js';
import { useRealParts } from './realParts.js';

/** Workflow types, each the name of its training's phase. PPO and SFT have tests of their own. */
const types = [
  'offline-self-training',
  'online-self-training',
  'grpo',
  'dapo',
  'expert-iteration',
  'rloo',
  'gspo',
] as const;
/** The step of each kind of method that its worker is killed in; the last three types take the same as those before them. */
const kills = [
  { type: 'offline-self-training', activity: 'trainSupervised' },
  { type: 'online-self-training', activity: 'trainOnSamples' },
  { type: 'grpo', activity: 'updatePolicy' },
  // A rollout of its round or of an extra batch.
  { type: 'dapo', activity: 'rollout' },
] as const;

/** Steps long enough to be killed in. */
const spec = {
  preset: 'smoke',
  model: { hiddenSize: 64, layers: 2, intermediateSize: 160 },
  onlineSelfTraining: { epochs: 1 },
  expertIteration: { epochs: 1 },
  grpo: { epochs: 1, klCoefficient: 0.05 },
  // A model of this size is hardly ever right, but some of its answers have a value.
  dapo: { epochs: 1, samplesPerQuestion: 4, dynamicSampling: { signal: 'reward' } },
  gspo: { epochs: 1 },
  sft: null,
  rewardModel: null,
  evaluation: { samplesPerQuestion: 0 },
};

const parts = useRealParts();

const start = (prefix: string, type: string): Promise<WorkflowHandle> =>
  parts.client.workflow.start(type, { taskQueue: 'reft', workflowId: `${prefix}-${type}`, args: [spec] });

const resultsOf = (handles: readonly WorkflowHandle[]): Promise<RunResult[]> =>
  Promise.all(handles.map((handle): Promise<RunResult> => handle.result()));

/** Kills the worker while it is at the activity, and starts another. */
async function killDuring(handle: WorkflowHandle, activity: string, phase: string): Promise<void> {
  for (let hit = false; !hit; ) {
    await waitForActivity(handle, activity, phase);
    await parts.killWorker();
    // It may have ended just before: then the next of its kind is waited for.
    hit = await isUnderWay(handle, activity);
    await parts.startWorker();
  }
}

it('every method trains, evaluates and reports, and ends the same after losing its worker', async () => {
  const calm = await resultsOf(await Promise.all(types.map((type) => start('calm', type))));
  for (const [index, type] of types.entries()) {
    const result = calm[index];
    if (!result) throw new Error(`no result of ${type}`);
    const { accuracy, metrics, work, checkpoint } = result;
    expect(Object.keys(metrics), type).toEqual(['warmUp', type]);
    const { correct = Number.NaN, count } = metrics[type]?.top1 ?? {};
    expect(count, type).toBe(16);
    expect(accuracy.top1, type).toBe((100 * correct) / 16);
    expect(work.validation?.engineSeconds, type).toBeGreaterThan(0);
    expect(checkpoint.step, type).toBeGreaterThanOrEqual(type === 'expert-iteration' ? 0 : 1);
  }
  // Different methods from one warm-up.
  expect(new Set(calm.map(({ checkpoint }) => checkpoint.sha256)).size).toBeGreaterThanOrEqual(4);

  const handles: WorkflowHandle[] = [];
  for (const { type, activity } of kills) {
    const handle = await start('disturbed', type);
    handles.push(handle);
    await killDuring(handle, activity, type);
  }
  const disturbed = await resultsOf(handles);
  const hashes = (results: readonly RunResult[]) => results.map(({ checkpoint }) => checkpoint.sha256);
  expect(hashes(disturbed)).toEqual(hashes(calm).slice(0, kills.length));
  for (const [index, { type, activity }] of kills.entries()) {
    const handle = handles[index];
    expect(handle && (await repeated(handle)), type).toContain(activity);
  }
}, 400_000);
