/** A run's memory budget on a real Temporal server: planned once, given to every step, halved for good where memory ran out. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { reft, training } from '../../workflows/index.js';
import { progressQuery } from '../../workflows/monitoring/progress.js';
import { type Harness, openHarness } from './harness.js';
import { createStandIns, plannedBudget, type StandInOptions } from './standIns.js';

let harness: Harness;
let stop: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());
afterEach(() => stop());

async function run(id: string, input: unknown, options?: StandInOptions) {
  const standIns = createStandIns(options);
  ({ stop } = await harness.startWorkers(standIns));
  const handle = await harness.start<typeof reft | typeof training>('reft', id, input);
  await handle.result();
  return { standIns, handle };
}

const steps = ['trainSupervised', 'rollout', 'updatePolicy', 'trainRewardModel'] as const;
const halved = { training: plannedBudget.training, microBatch: 2 ** 29, cache: 2 ** 29 };

describe('the memory budget', () => {
  it('is planned once, for the longest sequences, and given to every step, those of the baseline too', async () => {
    const { standIns } = await run('planned', { preset: 'smoke' });
    const [plan, ...more] = standIns.inputsOf('planTraining');
    expect(more).toEqual([]);
    expect(plan?.answers).toMatchObject({ answerTokens: 24 });
    expect(plan?.memory).toBeUndefined();
    for (const step of steps) {
      const inputs = standIns.inputsOf(step);
      expect(inputs.length).toBeGreaterThan(0);
      for (const { memory } of inputs) expect([step, memory]).toEqual([step, plannedBudget]);
    }
  });

  it('is the specification’s where that says one', async () => {
    const memory = { trainingGiB: 12.5, microBatchGiB: 0.5 };
    const { standIns } = await run('given', { preset: 'smoke', memory });
    const [plan] = standIns.inputsOf('planTraining');
    expect(plan?.memory).toEqual({ training: 12.5 * 2 ** 30, microBatch: 2 ** 29, cache: 2 ** 30 });
  });

  it('is that of the run that a branch leaves, unless the branch says another', async () => {
    const starts: StandInOptions['starts'] = new Map();
    await run('left', { preset: 'smoke' }, { starts });
    const branch = { preset: 'smoke', sft: null, startFrom: { run: 'left', round: 1 } };
    const plans = [];
    for (const [id, others] of Object.entries({ same: {}, other: { memory: { trainingGiB: 2, microBatchGiB: 1 } } })) {
      await stop();
      const { standIns } = await run(id, { ...branch, ...others }, { starts });
      plans.push(...standIns.inputsOf('planTraining').map(({ memory, before }) => ({ memory, before })));
    }
    expect(plans).toEqual([
      { memory: undefined, before: plannedBudget },
      { memory: { training: 2 ** 31, microBatch: 2 ** 30, cache: 2 ** 30 }, before: undefined },
    ]);
  });

  it('is half of it from the step on in which memory ran out, and the run says so', async () => {
    const shortage: StandInOptions['shortage'] = ({ round }) => (round === 1 ? { halvedMemory: halved } : {});
    const { standIns, handle } = await run('halved', { preset: 'smoke' }, { shortage });
    const updates = standIns.inputsOf('updatePolicy').map(({ memory }) => memory?.microBatch);
    expect(updates.slice(0, 3)).toEqual([plannedBudget.microBatch, plannedBudget.microBatch, halved.microBatch]);
    for (const { memory } of standIns.inputsOf('trainRewardModel')) expect(memory).toEqual(halved);
    const said = /Memory ran out in update 2\/4: it was done again with micro-batches and caches of half the size/;
    expect((await handle.query(progressQuery)).memory).toMatch(said);
    expect(standIns.inputsOf('publishRun')[0]?.notes).toContainEqual(expect.stringMatching(said));
  });
});
