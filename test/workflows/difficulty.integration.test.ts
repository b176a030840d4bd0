/** Questions chosen by pass rates, on a real Temporal server with stand-in activities: measured once, whatever dies, and trained on alone. */
import type { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MethodName } from '../../workflows/config/methods.js';
import type { compare, reft } from '../../workflows/index.js';
import { type Harness, openHarness } from './harness.js';
import { type Call, createStandIns, gate, type StandInOptions, type StandIns } from './standIns.js';

let harness: Harness;
let stops: (() => Promise<void>)[] = [];
let runs = 0;

beforeAll(async () => {
  harness = await openHarness();
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});
afterAll(() => harness.close());

async function serve(standIns: StandIns): Promise<StandIns> {
  const { stop } = await harness.startWorkers(standIns);
  stops.push(stop);
  return standIns;
}

/** One shard after the other, so that their order is known. */
const least = {
  preset: 'smoke',
  rewardModel: null,
  evaluation: { samplesPerQuestion: 0 },
  fleet: { shardsAtOnce: 1 },
};
const difficulty = { samplesPerQuestion: 4 };

function start(changes: object) {
  runs += 1;
  return harness.start<typeof reft>('reft', `difficulty-${runs}`, { ...least, difficulty, ...changes });
}

async function run(changes: object = {}, options?: StandInOptions) {
  const standIns = createStandIns(options);
  const workers = await harness.startWorkers(standIns);
  const handle = await start(changes);
  try {
    return { standIns, handle, result: await handle.result() };
  } finally {
    await workers.stop();
  }
}

const isMeasuring = ({ name, input }: Call): boolean =>
  name === 'rollout' && (input as { readonly purpose: string }).purpose === 'sample-difficulty';
const measuringOf = (standIns: StandIns) =>
  standIns.inputsOf('rollout').filter(({ purpose }) => purpose === 'sample-difficulty');
const ofRounds = (standIns: StandIns) =>
  standIns.inputsOf('rollout').filter(({ purpose, temperature }) => purpose === 'rollout' && temperature === 1);

async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  return result.then(
    () => Promise.reject(new Error('the run did not fail')),
    (error: { readonly cause: { readonly cause: ApplicationFailure } }) => error.cause.cause,
  );
}

describe('a run with difficulty', () => {
  it('measures the warm-up on every training question, and trains its method on the chosen ones alone', async () => {
    const { standIns, result } = await run({ sft: { epochs: 1 } });
    const measuring = measuringOf(standIns);
    expect(measuring.map(({ selection }) => selection)).toEqual(
      [0, 8, 16, 24].map((from) => ({ order: 'plain', from, to: from + 8 })),
    );
    for (const { checkpoint, samples, temperature, data } of measuring)
      expect([checkpoint.step, samples, temperature, data.count]).toEqual([2, 4, 1, 32]);
    const [choice] = standIns.inputsOf('chooseQuestions');
    expect(choice?.scored).toHaveLength(4);
    expect(choice?.difficulty).toEqual({ samplesPerQuestion: 4, min: 0.01, max: 0.99, order: 'random' });

    const chosen = result.difficulty?.train;
    expect(chosen?.count).toBe(16);
    // 16 questions are one round of 16 in each of two epochs, in two shards.
    expect(ofRounds(standIns).map(({ data, selection }) => [data, selection])).toEqual(
      [0, 0, 1, 1].map((epoch, shard) => {
        const from = 8 * (shard % 2);
        return [chosen, { order: 'shuffled', epoch, from, to: from + 8 }];
      }),
    );
    expect(standIns.inputsOf('updatePolicy').map(({ train, rounds }) => [train, rounds])).toEqual([
      [chosen, 2],
      [chosen, 2],
    ]);
    // The baseline learns from annotated answers, whatever the model can do.
    const baseline = standIns.inputsOf('trainSupervised').filter(({ purpose }) => purpose === 'order-sft');
    expect(baseline.map(({ train }) => train.count)).toEqual([32]);
  });

  it('tells what it measured, and keeps the reference of the pass rates where branches find it', async () => {
    const starts: StandInOptions['starts'] = new Map();
    const { standIns, handle, result } = await run({ sft: null }, { starts });
    expect(result.difficulty).toMatchObject({ measured: 32, histogram: [16, 16, 0, 0, 0] });
    const { passRates } = result.difficulty ?? {};
    expect(passRates?.key).toMatch(/^objects\/[0-9a-f]{64}$/);
    expect(standIns.inputsOf('publishRun')[0]?.difficulty).toEqual({
      ...{ samplesPerQuestion: 4, min: 0.01, max: 0.99, order: 'random' },
      ...{ measured: 32, kept: 16, histogram: [16, 16, 0, 0, 0], passRates },
    });
    expect(result.work.difficulty?.engineSeconds).toBe(4);
    // Before anything is measured, and again with what was chosen; the questions of the run stay all.
    expect(standIns.inputsOf('keepStart').map(({ chosen, data }) => [chosen, data.train.count])).toEqual([
      [undefined, 32],
      [result.difficulty, 32],
    ]);
    const branch = { sft: null, startFrom: { run: handle.workflowId, round: 1 } };
    const { result: branched } = await run(branch, { starts });
    expect(branched.difficulty).toEqual(result.difficulty);
  });

  it('takes easy questions first', async () => {
    const { standIns } = await run({ sft: null, difficulty: { ...difficulty, order: 'easy-first' } });
    expect(ofRounds(standIns).map(({ selection }) => selection)).toEqual(
      [0, 0, 1, 1].map((epoch, shard) => {
        const from = 8 * (shard % 2);
        return { order: 'by-level', levels: [16], epoch, from, to: from + 8 };
      }),
    );
  });

  it.each(['online-self-training', 'offline-self-training'] as const)('has %s train on them alone', async (method) => {
    const { standIns, result } = await run({ sft: null, method });
    const chosen = result.difficulty?.train;
    if (method === 'online-self-training')
      expect(standIns.inputsOf('trainOnSamples').map(({ train }) => train)).toEqual([chosen, chosen]);
    else {
      const [added] = standIns.inputsOf('addSamples');
      expect(added?.train).toEqual(chosen);
      // Its samples are its own.
      expect(added?.scored).toHaveLength(2);
    }
  });

  it('measures nothing for SFT, or where it is null', async () => {
    const sft = await run({ method: 'sft' });
    const without = await run({ sft: null, difficulty: null });
    for (const { standIns, result } of [sft, without]) {
      expect(measuringOf(standIns)).toEqual([]);
      expect(standIns.inputsOf('chooseQuestions')).toEqual([]);
      expect(result).not.toHaveProperty('difficulty');
    }
    expect(without.standIns.inputsOf('keepStart')).toHaveLength(1);
    expect(without.standIns.inputsOf('updatePolicy').map(({ train }) => train.count)).toEqual([32, 32, 32, 32]);
  });

  it('samples nothing again when its worker is lost, and ends in the same checkpoint', async () => {
    const undisturbed = await run({ sft: null });
    let measured = 0;
    const held = gate((call) => isMeasuring(call) && ++measured === 3);
    const standIns = createStandIns({ before: held.before });
    const first = await harness.startWorkers(standIns);
    const handle = await start({ sft: null });
    await held.reached;
    await first.stop();
    held.open();
    const choosing = gate(({ name }) => name === 'updatePolicy');
    const next = createStandIns({ before: choosing.before });
    const second = await harness.startWorkers(next);
    await choosing.reached;
    await second.stop();
    choosing.open();
    const last = await serve(createStandIns());
    const disturbed = await handle.result();
    // The third shard was under way: it is done again, the two before it are not.
    expect(measuringOf(standIns).map(({ selection }) => selection.from)).toEqual([0, 8, 16]);
    expect(measuringOf(next).map(({ selection }) => selection.from)).toEqual([16, 24]);
    expect(measuringOf(last)).toEqual([]);
    expect(last.inputsOf('chooseQuestions')).toEqual([]);
    expect(disturbed.checkpoint).toEqual(undisturbed.result.checkpoint);
    expect(disturbed.difficulty).toEqual(undisturbed.result.difficulty);
  });

  it('fails where no question is left, saying so, and can be branched from with another range', async () => {
    const starts: StandInOptions['starts'] = new Map();
    await serve(createStandIns({ chosen: () => 0, starts }));
    const handle = await start({ sft: null });
    const failure = await failureOf(handle.result());
    expect(failure).toMatchObject({
      type: 'InvalidSpec',
      message: 'Invalid run specification: difficulty: no question is left',
    });
    await stops.pop()?.();
    const branch = { sft: null, difficulty: { max: 0.5 }, startFrom: { run: handle.workflowId, round: 0 } };
    const { standIns, result } = await run(branch, { starts });
    expect(standIns.inputsOf('initialiseModel')).toEqual([]);
    expect(standIns.inputsOf('chooseQuestions').map((input) => input.difficulty.max)).toEqual([0.5]);
    expect(result.difficulty?.train.count).toBe(16);
  });
});

it('is measured by each training of a comparison, and tells apart those that an earlier one had done', async () => {
  const kept = new Map<string, unknown>();
  const standIns = await serve(createStandIns({ kept }));
  const methods: readonly MethodName[] = ['sft', 'reft'];
  const compared = async (id: string, changes: object) => {
    const spec = { methods, seeds: [1], run: { ...least, ...changes } };
    return (await harness.start<typeof compare>('compare', id, spec)).result();
  };
  await compared('without', {});
  expect(measuringOf(standIns)).toEqual([]);
  const { children } = await compared('with', { difficulty });
  expect(measuringOf(standIns)).toHaveLength(4);
  expect(standIns.inputsOf('chooseQuestions')).toHaveLength(1);
  // SFT and the warm-up are as they were: only ReFT's training and its evaluation are done.
  expect(children).toMatchObject({ done: 2 });
});
