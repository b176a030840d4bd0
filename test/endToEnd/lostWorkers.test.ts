/**
 * Workers killed with SIGKILL in the middle of the warm-up, a rollout, an update and the evaluation, their local files gone:
 * the run finishes with the checkpoint of an undisturbed run, byte for byte. So it does when a worker is told to end, by SIGTERM, in the
 * middle of a step: it ends by itself, and the step is another's at once.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { shutdownForceMilliseconds } from '../../workers/createWorkers.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import type { RunResult } from '../../workflows/runState.js';
import { repeated, waitForActivity } from './lossOfWorkers.js';
import { useRealParts } from './realParts.js';

/** Steps of about a second, so that there is a middle to be killed in. */
const spec = {
  preset: 'smoke',
  data: { train: 400, test: 200 },
  model: { hiddenSize: 64, layers: 2, intermediateSize: 160 },
  generation: { questionsPerShard: 100 },
  warmUp: { epochs: 2 },
  sft: null,
  ppo: { epochs: 1, questionsPerRound: 200, miniBatch: 100 },
};

/** The activity to be killed in, and the phase it belongs to. */
const kills = [
  { activity: 'trainSupervised', phase: 'warm-up' },
  { activity: 'rollout', phase: 'ppo' },
  { activity: 'updatePolicy', phase: 'ppo' },
  { activity: 'rollout', phase: 'evaluation' },
] as const;

/** One step that takes longer than a worker waits for it, and little else. */
const longStep = {
  ...spec,
  data: { train: 1200, test: 16 },
  model: { hiddenSize: 96, layers: 3, heads: 6, keyValueHeads: 6, intermediateSize: 240 },
  warmUp: { epochs: 1 },
  method: 'sft',
  sft: { epochs: 1 },
  rewardModel: null,
};

const parts = useRealParts();

const start = (workflowId: string, input: object = spec): Promise<WorkflowHandle> =>
  parts.client.workflow.start('reft', { taskQueue: 'reft', workflowId, args: [input] });

describe('a run whose workers are lost', () => {
  it('ends in the checkpoint of an undisturbed run', async () => {
    const calm: RunResult = await (await start('calm')).result();

    const handle = await start('disturbed');
    for (const { activity, phase } of kills) {
      await waitForActivity(handle, activity, phase);
      await parts.killWorker();
      await parts.startWorker();
    }
    const disturbed: RunResult = await handle.result();

    expect(disturbed.checkpoint.sha256).toBe(calm.checkpoint.sha256);
    expect(disturbed.accuracy).toEqual(calm.accuracy);
    const again = await repeated(handle);
    expect(again.filter((name) => name === 'rollout').length).toBeGreaterThanOrEqual(2);
    expect(again).toEqual(expect.arrayContaining(['trainSupervised', 'updatePolicy']));
    const progress = await handle.query<Progress>('progress');
    expect(progress.phase).toBe('finished');
  }, 400_000);

  it('loses nothing to a worker that is told to end, which ends by itself', async () => {
    const handle = await start('ended', longStep);
    await waitForActivity(handle, 'trainSupervised', 'warm-up');
    const { code, milliseconds } = await parts.endWorker();
    expect(code).toBe(0);
    // The rest of the grace period that the cluster files give is for a busy machine.
    expect(milliseconds).toBeLessThan(shutdownForceMilliseconds + 5_000);
    // Handed back, and not found lost when its heartbeats stay away.
    const { raw } = await handle.describe();
    expect(raw.pendingActivities).toMatchObject([{ activityType: { name: 'trainSupervised' }, attempt: 2 }]);

    await parts.startWorker();
    const ended: RunResult = await handle.result();
    const calm: RunResult = await (await start('not-ended', longStep)).result();
    expect(ended.checkpoint.sha256).toBe(calm.checkpoint.sha256);
    expect(ended.accuracy).toEqual(calm.accuracy);
  }, 400_000);
});
