/** The schedule of the garbage collection, as `reft gc --schedule` and `reft up` set it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collectHourly, setSchedule } from '../../workers/command/gc.js';
import { type Harness, openHarness } from '../workflows/harness.js';
import { createStandIns } from '../workflows/standIns.js';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

it('is made where there is none, changed, done by workers, and held', async () => {
  const { client } = harness.environment;
  const schedule = client.schedule.getHandle('reft-gc');
  const every = async () => (await schedule.describe()).spec.intervals?.map((interval) => interval.every);
  expect(await setSchedule(client, undefined)).toBe('The schedule reft-gc is off.');
  await collectHourly(client);
  expect(await every()).toEqual([3_600_000]);
  expect(await setSchedule(client, 86_400_000)).toMatch(/^The schedule reft-gc collects garbage, next at \d{4}-/);
  await collectHourly(client);
  expect(await every()).toEqual([86_400_000]);

  const standIns = createStandIns();
  const workers = await harness.startWorkers(standIns);
  await schedule.trigger();
  await expect.poll(() => standIns.inputsOf('collectGarbage'), { timeout: 30_000 }).toEqual([{}]);
  await workers.stop();

  await setSchedule(client, undefined);
  await collectHourly(client);
  expect((await schedule.describe()).state.paused).toBe(true);
}, 60_000);
