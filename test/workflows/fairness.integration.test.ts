/** Runs share the workers: what one has in the queue does not keep another waiting, and each takes no more than it may. */
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import type { RolloutInput } from '../../activities/rollout.js';
import { fairness } from '../../infra/temporal/local.js';
import { type Harness, openHarness } from './harness.js';
import { createStandIns } from './standIns.js';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness(fairness.flatMap((setting) => ['--dynamic-config-value', setting]));
});
afterAll(() => harness.close());

const spec = { preset: 'smoke', sft: null, rewardModel: null, evaluation: { samplesPerQuestion: 0 } };

it('a run with a long queue lets another one in between', async () => {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  /** Of each step on the engine's queue from then on, whose it is. */
  const order: number[] = [];
  const standIns = createStandIns({
    before: async ({ name, input }) => {
      if (name !== 'rollout' && name !== 'initialiseModel') return;
      order.push((input as RolloutInput).seed);
      if (name === 'rollout') await gate;
    },
  });
  const workers = await harness.startWorkers(standIns);
  onTestFinished(() => workers.stop());
  // Validation has 32 shards of one question each.
  const many = { data: { validation: 32, train: 64 }, generation: { questionsPerShard: 1 } };
  const pendingOf = async (id: string): Promise<number> => {
    const { raw } = await harness.environment.client.workflow.getHandle(id).describe();
    return (raw.pendingActivities ?? []).filter(({ activityType }) => activityType?.name === 'rollout').length;
  };
  const long = await harness.start('reft', 'long', { ...spec, ...many, seed: 1 });
  const timeout = 60_000;
  await vi.waitFor(async () => expect(await pendingOf('long')).toBe(32), { timeout });
  const short = await harness.start('reft', 'short', { ...spec, seed: 2 });
  await vi.waitFor(
    async () => {
      const { raw } = await short.describe();
      expect((raw.pendingActivities ?? []).map(({ activityType }) => activityType?.name)).toContain('initialiseModel');
    },
    { timeout },
  );
  order.length = 0;
  open();
  await vi.waitFor(() => expect(order).toContain(2), { timeout });
  // In the order of arrival it would come last, behind all that the other has in the queue.
  expect(order.indexOf(2)).toBeLessThan(4);
  await Promise.all([long.terminate(), short.terminate()]);
}, 180_000);

it('a run has no more shards under way than its specification allows', async () => {
  let most = 0;
  const workers = await harness.startWorkers(createStandIns());
  onTestFinished(() => workers.stop());
  const few = { fleet: { shardsAtOnce: 3 }, data: { validation: 16 }, generation: { questionsPerShard: 1 } };
  const handle = await harness.start('reft', 'modest', { ...spec, ...few });
  await handle.result();
  const { events } = await handle.fetchHistory();
  const open = new Set<string>();
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } = event;
    if (scheduled?.activityType?.name === 'rollout') open.add(String(event.eventId));
    if (completed) open.delete(String(completed.scheduledEventId));
    most = Math.max(most, open.size);
  }
  expect(most).toBe(3);
}, 180_000);
