/** Runs that branch from a round of another, and runs that are reset to one, on the real parts. */

import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';

import { resetTo } from '../../workers/command/reset.js';
import { openStore } from '../../workers/openStore.js';
import type { RunResult } from '../../workflows/runState.js';
import { waitForActivity } from './lossOfWorkers.js';
import { useRealParts } from './realParts.js';

/** Four rounds. */
const spec = { preset: 'smoke', rewardModel: null, evaluation: { samplesPerQuestion: 0 } };

const parts = useRealParts();

const start = (workflowId: string, others: object = {}): Promise<WorkflowHandle> =>
  parts.client.workflow.start('reft', { taskQueue: 'reft', workflowId, args: [{ ...spec, ...others }] });

const resultOf = async (workflowId: string, others: object = {}): Promise<RunResult> =>
  (await start(workflowId, others)).result();

const store = () => openStore(parts.stack.s3);

async function read(key: string): Promise<string> {
  return Buffer.from(required(await store().read(key), key)).toString();
}

/** The sha256 of the checkpoint after a round. */
const checkpointAfter = async (run: string, round: number): Promise<string> =>
  JSON.parse(await read(`runs/${run}/rounds/${round}.json`)).checkpoint.sha256;

const failureOf = (workflowId: string, others: object): Promise<string | undefined> =>
  resultOf(workflowId, others).then(
    () => undefined,
    (error: WorkflowFailedError) => rootCause(error.cause),
  );

describe('a branch', () => {
  it('with the same settings ends as the run that it left; with others it tells its lineage', async () => {
    const parent = await resultOf('parent');
    const leave = (run: string, round: number) => ({ sft: null, startFrom: { run, round } });

    const same = await resultOf('same', leave('parent', 2));
    expect([await checkpointAfter('same', 3), await checkpointAfter('same', 4)]).toEqual([
      await checkpointAfter('parent', 3),
      await checkpointAfter('parent', 4),
    ]);
    const afterTwo = { run: 'parent', round: 2, checkpoint: await checkpointAfter('parent', 2) };
    expect(same.lineage).toEqual([afterTwo]);
    expect(parent.lineage).toEqual([]);
    // What it did not do again: data, the model and the warm-up.
    expect(Object.keys(same.work)).not.toContain('warm-up');
    expect(same.metrics.warmUp).toEqual(parent.metrics.warmUp);

    const other = await resultOf('other', { ...leave('same', 3), seed: 5, ppo: { klCoefficient: 0.5, epochs: 3 } });
    const lineage = [afterTwo, { run: 'same', round: 3, checkpoint: await checkpointAfter('same', 3) }];
    expect(other.lineage).toEqual(lineage);
    expect(await checkpointAfter('other', 4)).not.toBe(await checkpointAfter('same', 4));
    expect(other.work['ppo update']).toBeDefined();
    const published = JSON.parse(await read(other.published.result));
    expect(published).toMatchObject({ version: 1, lineage, spec: { startFrom: { run: 'same', round: 3 } } });
    expect(published.curve.map(({ step }: { readonly step: number }) => step)).toEqual([4, 5, 6]);
    expect(await read(other.report)).toContain('Branched from same after round 3');
    expect(await read(other.report)).toContain('which was branched from parent after round 2');

    // Another method leaves from the warm-up, SFT from an epoch of the baseline.
    const grpo = await resultOf('grpo', { ...leave('parent', 0), method: 'grpo', grpo: { epochs: 1 } });
    expect(grpo.metrics.warmUp).toEqual(parent.metrics.warmUp);
    await resultOf('sft', { startFrom: { run: 'parent-sft', round: 1 }, method: 'sft' });
    expect(await checkpointAfter('sft-sft', 2)).toBe(await checkpointAfter('parent-sft', 2));
  }, 400_000);

  it('is refused before any work, with what there is', async () => {
    expect(await failureOf('no-run', { startFrom: { run: 'nobody', round: 1 } })).toContain(
      'startFrom.run: got "nobody", allowed: a run in bucket reft whose training has begun',
    );
    expect(await failureOf('no-round', { startFrom: { run: 'parent', round: 7 }, ppo: { epochs: 9 } })).toContain(
      'startFrom.round: got 7, allowed: 0 to 4, the rounds of run "parent" that are done and kept',
    );
    expect(await failureOf('over', { startFrom: { run: 'parent', round: 4 } })).toContain(
      'startFrom.round: got 4, allowed: less than 4, the rounds of this run',
    );
    const misfit = await failureOf('misfit', {
      startFrom: { run: 'parent', round: 1 },
      data: { train: 40 },
      model: { layers: 2 },
      method: 'grpo',
    });
    expect(misfit).toContain('data.train: got 40, allowed: 32, as in run parent (startFrom)');
    expect(misfit).toContain('model.layers: got 2, allowed: 1');
    expect(misfit).toContain('method: got "grpo", allowed: "reft"');
    const { events } = await parts.client.workflow.getHandle('misfit').fetchHistory();
    const scheduled = (events ?? []).map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    expect(scheduled.filter(Boolean)).toEqual(['findBranch']);
  });
});

describe('reset', () => {
  it('sends a finished run, and one that is under way, back to a round; they end as before', async () => {
    const calm = await resultOf('reset');
    const [third, fourth] = [await checkpointAfter('reset', 3), await checkpointAfter('reset', 4)];
    await resetTo(parts.client, store(), 'reset', 2);
    const again: RunResult = await parts.client.workflow.getHandle('reset').result();
    expect(again.checkpoint).toEqual(calm.checkpoint);
    expect(again.metrics).toEqual(calm.metrics);
    expect([await checkpointAfter('reset', 3), await checkpointAfter('reset', 4)]).toEqual([third, fourth]);

    const handle = await start('under-way');
    await waitForActivity(handle, 'updatePolicy', 'ppo');
    await resetTo(parts.client, store(), 'under-way', 0);
    const result: RunResult = await parts.client.workflow.getHandle('under-way').result();
    expect(result.checkpoint).toEqual(calm.checkpoint);
    expect(result.metrics).toEqual(calm.metrics);

    await expect(resetTo(parts.client, store(), 'reset', 9)).rejects.toThrow(
      'cannot go back to round 9: allowed: 0 to 3, which',
    );
    await expect(resetTo(parts.client, store(), 'reset-sft', 1)).rejects.toThrow(
      '"reset-sft" is a part of "reset": reset that',
    );
    await expect(resetTo(parts.client, store(), 'nobody', 1)).rejects.toThrow('There is no run "nobody"');
  }, 400_000);
});
