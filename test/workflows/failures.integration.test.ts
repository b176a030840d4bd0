/** What a workflow's own code throws ends the run at once, under its name; what it waits for is told. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { DiskFull, ScorerUnavailable } from '../../activities/errors.js';
import { at } from '../../activities/invariant.js';
import type { UpdatePolicyInput } from '../../activities/updatePolicy.js';
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

it('of a damaged object it is told which run needs it, and for which round', async () => {
  const standIns = createStandIns({
    before: async ({ name, input }) => {
      if (name === 'updatePolicy' && (input as UpdatePolicyInput).round === 2)
        throw ApplicationFailure.nonRetryable('object objects/12ab is corrupt', 'CorruptObject');
    },
  });
  const workers = await harness.startWorkers(standIns);
  const handle = await harness.start<typeof reft>('reft', 'damaged', { preset: 'smoke', sft: null, rewardModel: null });
  await expect(handle.result()).rejects.toMatchObject({
    cause: {
      type: 'CorruptObject',
      nonRetryable: true,
      message: expect.stringMatching(/^object objects\/12ab is corrupt\. Run damaged needs it for "update \d+\/\d+"$/),
    },
  });
  await workers.stop();
});

it('a scorer that is not there is told by the run until it has scored', async () => {
  let down = true;
  const standIns = createStandIns({
    before: async ({ name }) => {
      if (name !== 'scoreSamples' || !down) return;
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

it('a run on a full disk waits, says so, and goes on at once when it is told that there is room', async () => {
  let full = true;
  const standIns = createStandIns({
    before: async ({ name }) => {
      if (name === 'updatePolicy' && full) throw new DiskFull('no room left on the disk of /work (0 MiB free)');
    },
  });
  const workers = await harness.startWorkers(standIns);
  const handle = await harness.start<typeof reft>('reft', 'full', { preset: 'smoke', sft: null, rewardModel: null });
  const waiting = async () => (await handle.query<Progress>('progress')).waiting;
  const timeout = 30_000;
  await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), { timeout });
  const { raw } = await handle.describe();
  const { nextAttemptScheduleTime: next, lastAttemptCompleteTime: last } = at(raw.pendingActivities ?? [], 0);
  expect(Math.round(Number(next?.seconds) - Number(last?.seconds))).toBeGreaterThanOrEqual(4);
  full = false;
  const told: Progress = await handle.executeUpdate('resume');
  expect(told.waiting).toHaveLength(1);
  await handle.result();
  expect(await waiting()).toEqual([]);
  const { events } = await handle.fetchHistory();
  // Begun anew, and not by its next attempt.
  expect(events?.filter((event) => event.activityTaskCancelRequestedEventAttributes)).toHaveLength(1);
  await workers.stop();
});

it('a scorer that asks to be left alone for a while is', async () => {
  const failing = nameFailures.execute?.({ args: [], headers: {} }, () =>
    Promise.reject(new ScorerUnavailable('busy', 90_000)),
  );
  await expect(failing).rejects.toMatchObject({ type: 'ScorerUnavailable', nextRetryDelay: 90_000 });
  await expect(failing).rejects.toBeInstanceOf(ApplicationFailure);
});
