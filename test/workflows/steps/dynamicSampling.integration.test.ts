/**
 * Dynamic sampling on a real Temporal server: which questions replace those dropped, where it ends, and that neither a lost worker,
 * nor continue-as-new, nor a replay makes a difference.
 */
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleWorkflows } from '../../../workers/bundleWorkflows.js';
import type { reft } from '../../../workflows/index.js';
import { type Harness, openHarness } from '../harness.js';
import { createStandIns, gate, type StandInOptions, type StandIns } from '../standIns.js';

let harness: Harness;
let eager: Harness;
beforeAll(async () => {
  harness = await openHarness();
  eager = await openHarness(['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60']);
});
afterAll(async () => {
  await harness.close();
  await eager.close();
});

/** 32 questions in rounds of 16, so that two rounds are an epoch. */
const spec = {
  preset: 'smoke',
  method: 'dapo',
  generation: { questionsPerShard: 100 },
  sft: null,
  rewardModel: null,
  evaluation: { samplesPerQuestion: 0 },
};
/** Half of each batch is dropped: a wrong one, and else right ones. */
const half = (questions: number) => ({ right: questions / 2 - 1, wrong: 1 });

async function run(
  on: Harness,
  workflowId: string,
  options: StandInOptions,
  input: Readonly<Record<string, unknown>> = {},
) {
  const standIns = createStandIns(options);
  const workers = await on.startWorkers(standIns);
  const handle = await on.start<typeof reft>('reft', workflowId, { ...spec, ...input });
  const result = await handle.result();
  await workers.stop();
  return { standIns, result, handle };
}

/** Epoch, first position and end of what each round's batches were asked. */
function batchesOf(standIns: StandIns): readonly (readonly string[])[] {
  const rounds: string[][] = [];
  for (const { temperature, selection, round } of standIns.inputsOf('rollout')) {
    if (temperature !== 1) continue;
    const epoch = selection.order === 'shuffled' ? selection.epoch : Number.NaN;
    rounds[round] = [...(rounds[round] ?? []), `${epoch}: ${selection.from}–${selection.to}`];
  }
  return rounds;
}

it('replaces questions that tell nothing by those that follow in the permutation, as many as are missing', async () => {
  const { standIns } = await run(harness, 'replaced', { dropped: half });
  expect(batchesOf(standIns)).toEqual([
    ['0: 0–16', '0: 16–24', '0: 24–28', '0: 28–30'],
    ['0: 16–32', '0: 32–40', '0: 40–44', '0: 44–46'],
    ['1: 0–16', '1: 16–24', '1: 24–28', '1: 28–30'],
    ['1: 16–32', '1: 32–40', '1: 40–44', '1: 44–46'],
  ]);
  // What is trained on are the objects with the questions kept, one a batch.
  for (const { scored } of standIns.inputsOf('updatePolicy')) expect(scored).toHaveLength(4);
  const points = standIns.inputsOf('publishRun')[0]?.points.filter(({ phase }) => phase === 'dapo');
  expect(points?.map(({ metrics }) => metrics)).toMatchObject(
    new Array(4).fill({
      questionsDrawn: 30,
      extraBatches: 3,
      droppedRight: 7 + 3 + 1 + 0,
      droppedWrong: 4,
      groupsWithoutSignal: 50,
    }),
  );
});

it('ends as soon as no question is missing', async () => {
  const once = (questions: number) => ({ right: questions === 16 ? 5 : 0, wrong: 0 });
  const { standIns } = await run(harness, 'once', { dropped: once });
  expect(batchesOf(standIns)[0]).toEqual(['0: 0–16', '0: 16–21']);
  const { standIns: all } = await run(harness, 'all kept', {});
  expect(batchesOf(all)[0]).toEqual(['0: 0–16']);
});

it('asks no question twice in a round, and leaves the model as it is where none tells anything', async () => {
  const none = (questions: number) => ({ right: 0, wrong: questions });
  const { standIns, result } = await run(harness, 'nothing', { dropped: none });
  expect(batchesOf(standIns)).toEqual([
    ['0: 0–16', '0: 16–32'],
    ['0: 16–32', '0: 32–48'],
    ['1: 0–16', '1: 16–32'],
    ['1: 16–32', '1: 32–48'],
  ]);
  const updates = standIns.inputsOf('updatePolicy');
  expect(updates.map(({ scored, freshOptimiser }) => [scored.length, freshOptimiser])).toEqual(
    new Array(4).fill([0, true]),
  );
  expect(result.checkpoint).toEqual(updates[0]?.reference);
});

it('keeps to its bound, and any group algorithm may have it', async () => {
  const { standIns } = await run(
    harness,
    'bounded',
    { dropped: half },
    {
      method: 'rloo',
      rloo: {
        epochs: 1,
        questionsPerRound: 16,
        samplesPerQuestion: 2,
        miniBatch: 16,
        optimiser: { learningRate: 6e-4 },
        dynamicSampling: { maxExtraBatches: 1, signal: 'reward' },
      },
    },
  );
  expect(batchesOf(standIns)[0]).toEqual(['0: 0–16', '0: 16–24']);
  expect(standIns.inputsOf('selectGroups').every(({ signal }) => signal === 'reward')).toBe(true);
});

it('ends the same after a worker is lost in an extra batch, after continuing as new, and when it is replayed', async () => {
  const calm = await run(harness, 'calm', { dropped: half });

  const isExtra = (call: { readonly name: string; readonly input: unknown }): boolean =>
    call.name === 'selectGroups' && batchesOf(standIns).length === 2 && (batchesOf(standIns)[1]?.length ?? 0) === 2;
  const { before, reached, open } = gate(isExtra);
  const standIns = createStandIns({ dropped: half, before });
  const lost = await harness.startWorkers(standIns);
  const handle = await harness.start<typeof reft>('reft', 'disturbed', spec);
  await reached;
  // Nothing of the workflow is left in memory: the next worker has it from its history.
  await lost.stop();
  open();
  const workers = await harness.startWorkers(standIns);
  expect((await handle.result()).checkpoint).toEqual(calm.result.checkpoint);
  await workers.stop();

  const renewed = await run(eager, 'renewed', { dropped: half });
  const { runId } = await eager.environment.client.workflow.getHandle('renewed').describe();
  expect(runId).not.toBe(renewed.handle.firstExecutionRunId);
  expect(renewed.result.checkpoint).toEqual(calm.result.checkpoint);
  expect(batchesOf(renewed.standIns)).toEqual(batchesOf(calm.standIns));

  const history = await calm.handle.fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: await bundleWorkflows() }, history, 'calm');
});
