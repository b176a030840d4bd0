/** Long loops continue as new, and it makes no difference to what comes out. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { reft } from '../../workflows/index.js';
import { type Harness, openHarness } from './harness.js';
import { createStandIns } from './standIns.js';

let eager: Harness;
let patient: Harness;

beforeAll(async () => {
  // The server is what suggests a new history; this one does so after 60 events instead of thousands.
  eager = await openHarness(['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60']);
  patient = await openHarness();
});
afterAll(async () => {
  await eager.close();
  await patient.close();
});

async function run(harness: Harness) {
  const standIns = createStandIns();
  const workers = await harness.startWorkers(standIns);
  const input = { preset: 'smoke', ppo: { epochs: 4 }, sft: { epochs: 6 } };
  const handle = await harness.start<typeof reft>('reft', 'long', input);
  const result = await handle.result();
  const { historyLength, runId } = await harness.environment.client.workflow.getHandle('long').describe();
  await workers.stop();
  return { standIns, result, historyLength, renewed: runId !== handle.firstExecutionRunId };
}

it('keeps histories short and results the same', async () => {
  const whole = await run(patient);
  const cut = await run(eager);
  expect([whole.renewed, cut.renewed]).toEqual([false, true]);
  expect(cut.historyLength).toBeLessThan(whole.historyLength);
  expect(cut.result.checkpoint).toEqual(whole.result.checkpoint);
  expect(cut.result.metrics).toEqual(whole.result.metrics);
  expect(cut.result.work).toEqual(whole.result.work);
  for (const activity of ['updatePolicy', 'trainSupervised', 'rollout', 'trainRewardModel'] as const)
    expect(cut.standIns.inputsOf(activity)).toHaveLength(whole.standIns.inputsOf(activity).length);
  // Nothing of the curve is lost: what was saved on the way and what was left at the end are all its points.
  const points = (standIns: typeof cut.standIns) =>
    [...standIns.inputsOf('recordCurve'), ...standIns.inputsOf('publishRun')]
      .flatMap((input) => input.points.map(({ phase, step }) => `${phase} ${step}`))
      .sort();
  expect(points(cut.standIns)).toEqual(points(whole.standIns));
});
