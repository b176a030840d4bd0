/** What a workflow's own code throws ends the run at once, under its name; what it waits for is told. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ScorerUnavailable } from '../../activities/errors.js';
import type { ScoreSamplesInput } from '../../activities/scoreSamples.js';
import { tellWaiting } from '../../activities/tellWaiting.js';
import { nameFailures } from '../../workers/nameFailures.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import type { reft } from '../../workflows/index.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { detailsOf, type Harness, openHarness } from './harness.js';
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

it('a scorer that is not there is told by the run until it has scored', async () => {
  let down = true;
  const standIns = createStandIns({
    before: async ({ name, input }) => {
      if (name !== 'scoreSamples' || !down) return;
      const { samples } = input as ScoreSamplesInput;
      await tellWaiting({ samples: samples.sha256, reason: 'scorer http://judge/ is asleep' });
      throw new ScorerUnavailable('scorer http://judge/ is asleep');
    },
  });
  const workers = await harness.startWorkers(standIns);
  const handle = await harness.start<typeof reft>('reft', 'waiting', { preset: 'smoke', sft: null, rewardModel: null });
  const waiting = async () => (await handle.query<Progress>('progress')).waiting;
  await vi.waitFor(async () => expect(await waiting()).toEqual(['scorer http://judge/ is asleep']), {
    timeout: 30_000,
  });
  expect(await detailsOf(handle)).toContain('- **Waiting**: scorer http://judge/ is asleep');
  const { raw } = await handle.describe();
  expect(raw.pendingActivities?.[0]?.lastFailure).toMatchObject({
    message: 'scorer http://judge/ is asleep',
    applicationFailureInfo: { type: 'ScorerUnavailable', nonRetryable: false },
  });
  down = false;
  await handle.result();
  expect(await waiting()).toEqual([]);
  expect(await detailsOf(handle)).not.toContain('Waiting');
  await workers.stop();
});

it('a scorer that asks to be left alone for a while is', async () => {
  const failing = nameFailures.execute?.({ args: [], headers: {} }, () =>
    Promise.reject(new ScorerUnavailable('busy', 90_000)),
  );
  await expect(failing).rejects.toMatchObject({ type: 'ScorerUnavailable', nextRetryDelay: 90_000 });
  await expect(failing).rejects.toBeInstanceOf(ApplicationFailure);
});
