/** `reft status` of runs that do not get on, on a real Temporal server: what it says is what is wrong. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../activities/errors.js';
import { reftAt } from '../support/reftCommand.js';
import { type Harness, openHarness } from '../workflows/harness.js';
import { createStandIns } from '../workflows/standIns.js';

const spec = { preset: 'smoke', sft: null, rewardModel: null };

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

const status = async (id: string) => (await reftAt(harness.environment.address, 'status', id)).out;

it('tells of a step that fails again and again, of missing workers, and of workflow code that has changed', async () => {
  let isDown = true;
  const standIns = createStandIns({
    before: async ({ name }) => {
      if (name !== 'rollout' || !isDown) return;
      throw new StoreUnavailable('S3 at http://127.0.0.1:7070 cannot be reached');
    },
  });
  const workers = await harness.startWorkers(standIns);
  const handle = await harness.start('reft', 'stuck', spec);
  const attempt = async () => Number((await handle.describe()).raw.pendingActivities?.[0]?.attempt);
  await vi.waitFor(async () => expect(await attempt()).toBeGreaterThan(3), { timeout: 60_000, interval: 200 });
  const failing = await status('stuck');
  expect(failing).toMatch(
    /^Trouble: rollout has failed \d+ times, .*The last failure: StoreUnavailable: S3 at http:\/\/127\.0\.0\.1:7070 cannot be reached/m,
  );
  expect(failing).toMatch(/^Warm-up: /m);

  isDown = false;
  await workers.stop();
  const alone = await status('stuck');
  expect(alone).toContain('No worker answers: "npx reft up" or "npx reft worker" lets the run go on.');
  expect(alone).not.toContain('code');

  // Another version of the workflows: every activity has another name.
  const changed = await harness.startWorkers(standIns, undefined, undefined, undefined, (code) =>
    code.replaceAll('scheduleActivity)(String(name)', "scheduleActivity)(String(name) + 'Anew'"),
  );
  await vi.waitFor(async () => expect((await handle.describe()).raw.pendingWorkflowTask?.attempt).toBeGreaterThan(1), {
    timeout: 60_000,
    interval: 200,
  });
  const lost = await status('stuck');
  expect(lost).toMatch(
    /^Trouble: The workers' code is not the code that this run began with: .*\[TMPRL1100\] Nondeterminism error/m,
  );
  expect(lost).not.toContain('No worker answers');
  await changed.stop();

  const same = await harness.startWorkers(standIns);
  await handle.result();
  await same.stop();
  expect(await status('stuck')).toMatch(/^stuck: completed$/m);
});
