/** What a workflow's own code throws ends the run at once, under its name. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveSpec } from '../../workflows/config/resolve.js';
import { type Harness, openHarness } from './harness.js';
import { createStandIns } from './standIns.js';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

it('a state that cannot occur is an InternalError, and says where to report it', async () => {
  const workers = await harness.startWorkers(createStandIns());
  // No comparison starts this child without a reward model in the spec.
  const spec = resolveSpec({ preset: 'smoke', rewardModel: null });
  const input = { key: 'comparisons/reward-model/0.json', spec, controls: { paused: false, stopping: false } };
  const handle = await harness.start('comparisonRewardModel', 'impossible', { ...input, data: {}, start: {} });
  await expect(handle.result()).rejects.toMatchObject({
    cause: {
      type: 'InternalError',
      nonRetryable: true,
      message: expect.stringMatching(/the reward model in the spec is missing.*report it/),
    },
  });
  await workers.stop();
});
