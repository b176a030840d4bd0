/** Minutes of chaos with one seed, on the real parts: every run ends as the undisturbed one of its kind. */
import { expect, it } from 'vitest';
import { chaos } from './chaos.js';
import { runKinds } from './kinds.js';
import { describeReport } from './report.js';

/** Each kind of step is in one of them. */
const kinds = ['reft', 'offline-self-training', 'online-self-training', 'grpo'];

it('every run ends as the undisturbed one, and no step is lost', async () => {
  const report = await chaos({ minutes: 2, seed: 20, kinds: runKinds.filter(({ name }) => kinds.includes(name)) });
  console.log(describeReport(report));
  expect(report.runs.flatMap(({ id, problem }) => (problem === undefined ? [] : [`${id} ${problem}`]))).toEqual([]);
  expect(report.isSound).toBe(true);
  // Time is what it has, and on a busy machine it strikes more rarely.
  expect(report.kindsThatHit).toBeGreaterThanOrEqual(8);
}, 1_800_000);
