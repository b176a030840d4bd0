/** A run that was ended from outside is reset: it goes on, and so does its SFT baseline, which had ended with it. */
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { resetTo } from '../../workers/command/reset.js';
import type { reft } from '../../workflows/index.js';
import { pauseUpdate, resumeUpdate } from '../../workflows/monitoring/progress.js';
import { createMemoryStore } from '../activities/data/memoryStore.js';
import { type Harness, openHarness } from './harness.js';
import { createStandIns, gate } from './standIns.js';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

const spec = { preset: 'smoke', rewardModel: null, evaluation: { samplesPerQuestion: 0 } };

it.each([
  ['cancelled', (handle: WorkflowHandle) => handle.cancel()],
  ['terminated', (handle: WorkflowHandle) => handle.terminate()],
])(
  'a run that was %s in its first round goes on from the round’s beginning',
  async (how, end) => {
    // The first update is held back, and with it the baseline is under way.
    const held = gate(({ name }) => name === 'updatePolicy');
    const baseline = gate(({ name, input }) => name === 'trainSupervised' && isOfBaseline(input));
    const workers = await harness.startWorkers(
      createStandIns({ before: async (call) => void (await Promise.all([held.before(call), baseline.before(call)])) }),
      undefined,
      4,
    );
    onTestFinished(() => workers.stop());
    const handle = await harness.start<typeof reft>('reft', how, spec);
    await Promise.all([held.reached, baseline.reached]);
    await end(handle);
    held.open();
    baseline.open();
    await expect(handle.result()).rejects.toThrow();

    const { client } = harness.environment;
    await resetTo(client, createMemoryStore(), how, 0);
    const again = client.workflow.getHandle<typeof reft>(how);
    // The server may have forgotten to tell that the baseline has ended. The run finds out when it has something to tell it.
    await again.executeUpdate(pauseUpdate);
    await again.executeUpdate(resumeUpdate);
    const found = await again.result();
    const calm = await (await harness.start<typeof reft>('reft', `${how}-calm`, spec)).result();
    expect(found.checkpoint.sha256).toBe(calm.checkpoint.sha256);
    expect(found.metrics.sft).toEqual(calm.metrics.sft);
  },
  180_000,
);

function isOfBaseline(input: unknown): boolean {
  return (input as { readonly purpose?: string }).purpose === 'order-sft';
}
