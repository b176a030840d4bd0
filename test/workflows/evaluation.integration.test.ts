/** The evaluation workflow on a real Temporal server, with stand-in activities: shards, waves, judge, continue-as-new. */
import { ApplicationFailure, type WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { evaluation } from '../../workflows/index.js';
import { progressQuery } from '../../workflows/monitoring/progress.js';
import { type Harness, openHarness } from './harness.js';
import { createStandIns, type StandInOptions } from './standIns.js';

let harness: Harness;
let eager: Harness;

beforeAll(async () => {
  harness = await openHarness();
  eager = await openHarness(['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=200']);
});
afterAll(async () => {
  await harness.close();
  await eager.close();
});

const optimiser = { learningRate: 1e-3 };
const spec = {
  model: { from: 'hf:org/tiny' },
  data: { source: 'generated', train: 20, test: 400, validation: 5 },
  samples: 100,
  seed: 3,
  rewardModel: { samplesPerQuestion: 2, epochs: 2, batchSize: 8, optimiser },
};

async function run(on: Harness, input: unknown, options?: StandInOptions) {
  const standIns = createStandIns(options);
  const workers = await on.startWorkers(standIns);
  const handle = await on.start<typeof evaluation>('evaluation', 'evaluate-1', input);
  try {
    const result = await handle.result();
    const progress = await handle.query(progressQuery);
    const { runId } = await on.environment.client.workflow.getHandle('evaluate-1').describe();
    return { standIns, result, progress, renewed: runId !== handle.firstExecutionRunId };
  } finally {
    await workers.stop();
  }
}

it('takes 100 samples in shards of bounded size, judges each, and is the same after continue-as-new', async () => {
  const whole = await run(harness, spec);
  const { standIns, progress } = whole;
  const sampled = standIns
    .inputsOf('rollout')
    .filter(({ purpose, samples }) => purpose === 'sample-test' && samples > 1);
  expect(sampled).toHaveLength(40);
  for (const { selection, samples } of sampled)
    expect((selection.to - selection.from) * samples).toBeLessThanOrEqual(1_000);
  const [tally] = standIns.inputsOf('tallyEvaluation');
  expect([tally?.greedy.length, tally?.sampled.length, tally?.rewardModelScores.length]).toEqual([4, 40, 40]);
  const rewardModelScores = standIns.inputsOf('scoreByRewardModel').map(({ scored }) => scored.sha256);
  expect(new Set(rewardModelScores)).toEqual(new Set(tally?.sampled.map(({ sha256 }) => sha256)));
  expect(standIns.inputsOf('planTraining').map(({ steps }) => steps)).toMatchObject([
    [{ name: 'reward model', objective: 'rewardModel', sequences: 8 }],
  ]);
  expect(progress.memory).toContain('(reward model)');
  const trained = standIns.inputsOf('trainRewardModel');
  expect(trained.map(({ epoch }) => epoch)).toEqual([0, 1]);
  expect(progress.phases.map(({ phase, round, rounds }) => [phase, round, rounds])).toContainEqual([
    'evaluation',
    84,
    84,
  ]);

  const cut = await run(eager, spec);
  expect([whole.renewed, cut.renewed]).toEqual([false, true]);
  expect(cut.standIns.inputsOf('tallyEvaluation')).toEqual(standIns.inputsOf('tallyEvaluation'));
  expect(cut.standIns.inputsOf('rollout')).toHaveLength(standIns.inputsOf('rollout').length);
  expect(cut.result.work).toEqual(whole.result.work);
});

it('is refused at once, field by field', async () => {
  const workers = await harness.startWorkers(createStandIns());
  const bad = { model: { from: 'tiny' }, data: { source: 'generated' }, samples: 101, ppo: {} };
  const handle = await harness.start<typeof evaluation>('evaluation', 'evaluate-bad', bad);
  const failure = await handle.result().then(
    () => undefined,
    (error: WorkflowFailedError) => error.cause,
  );
  await workers.stop();
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect((failure as ApplicationFailure).type).toBe('InvalidSpec');
  for (const line of [
    /model\.from: got "tiny", allowed: hf:org\/name/,
    /samples: got 101, allowed: a whole number from 0 to 100/,
    /ppo: unknown field/,
  ])
    expect(failure?.message).toMatch(line);
});

it('counts votes by texts where answers turn out to be texts, and leaves numbers to their own rule', async () => {
  const few = { ...spec, rewardModel: null, samples: 2 };
  const comparisonGiven = async (answerKind: 'number' | 'text') => {
    const { standIns } = await run(harness, few, { answerKind });
    return standIns.inputsOf('tallyEvaluation').map(({ comparison }) => comparison);
  };
  expect(await comparisonGiven('text')).toEqual([{ name: 'text' }]);
  expect(await comparisonGiven('number')).toEqual([undefined]);
});
