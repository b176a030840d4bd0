/** The workflows on a real Temporal server, with stand-in activities: what is called with what, and how a run is steered. */
import {
  ApplicationFailure,
  CancelledFailure,
  type WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows } from '../../workers/bundleWorkflows.js';
import type { reft } from '../../workflows/index.js';
import { positionOf } from '../../workflows/monitoring/describePhase.js';
import { setHyperparametersUpdate } from '../../workflows/monitoring/hyperparameters.js';
import { pauseUpdate, progressQuery, resumeUpdate, stopEarlyUpdate } from '../../workflows/monitoring/progress.js';
import type { RunResult } from '../../workflows/runState.js';
import { detailsOf, type Harness, openHarness } from './harness.js';
import { type Call, createStandIns, gate, type StandInOptions } from './standIns.js';

let harness: Harness;
let stops: (() => Promise<void>)[] = [];
let handles: { terminate(): Promise<unknown> }[] = [];
let runs = 0;

beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());
afterEach(async () => {
  // A failed test must not leave its run to the next one's worker.
  for (const handle of handles) await handle.terminate().catch(() => undefined);
  for (const stop of stops) await stop();
  handles = [];
  stops = [];
});

async function serve(options?: StandInOptions) {
  const standIns = createStandIns(options);
  const { stop } = await harness.startWorkers(standIns);
  stops.push(stop);
  return standIns;
}

/** @param inputs `each`: the input is a list of several */
async function start(input: unknown, type = 'reft', inputs?: 'each') {
  runs += 1;
  const args = inputs === 'each' ? (input as readonly unknown[]) : [input];
  const handle = await harness.start<typeof reft>(type, `${type}-${runs}`, ...args);
  handles.push(handle);
  return handle;
}

async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await result.then(
    () => undefined,
    (reason: WorkflowFailedError) => reason.cause,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

/** Waits with a rejected update's own message. */
async function rejection(update: Promise<unknown>): Promise<string> {
  const error = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return String((error as WorkflowUpdateFailedError).cause?.message);
}

const isUpdate =
  (round: number) =>
  ({ name, input }: Call): boolean =>
    name === 'updatePolicy' && (input as { round: number }).round === round;

describe('a run from a pretrained model', () => {
  it('imports it first, with adapters where they are asked for, prepares data in its tokens and trains its checkpoint', async () => {
    const standIns = await serve();
    const spec = {
      preset: 'smoke',
      seed: 3,
      model: { from: 'hf:org/tiny' },
      lora: { rank: 4, alpha: 8 },
      compute: { precision: 'bfloat16' },
    };
    const result = await (await start(spec)).result();
    const lora = { ...spec.lora, targetModules: 'all-linear' };
    expect(standIns.inputsOf('importModel')).toEqual([
      {
        from: 'hf:org/tiny',
        lora,
        compute: { precision: 'bfloat16', recompute: false, attentionInBlocks: false },
        seed: 3,
      },
    ]);
    expect(standIns.inputsOf('initialiseModel')).toEqual([]);
    const [prepare] = standIns.inputsOf('prepareData');
    expect(prepare?.tokenizer).toMatchObject({ endTokens: [7], padToken: 8, vocabularySize: 50 });
    const imported = standIns.calls.find(({ name }) => name === 'importModel');
    expect(standIns.calls.indexOf(imported as Call)).toBe(0);
    const [first] = standIns.inputsOf('trainSupervised');
    expect(first?.checkpoint).toMatchObject({ step: 0 });
    expect(standIns.inputsOf('publishRun')[0]).toMatchObject({
      notes: [
        'Started from hf:org/tiny.',
        'Fields of its config.json that change nothing about what is computed: torch_dtype, use_mrope.',
      ],
      startedFrom: 'hf:org/tiny',
    });
    expect(result.accuracy.top1).toBe(50);
  });

  it('ends where the data does not fit it', async () => {
    await serve({ positions: 59 });
    const failure = await failureOf((await start({ preset: 'smoke', model: { from: '/models/short' } })).result());
    expect(failure.type).toBe('InvalidSpec');
    expect(failure.message).toMatch(/\/models\/short takes at most 59 tokens.*60/);
  });
});

describe('reft', () => {
  it('says what training needs in memory before the first step', async () => {
    const { before, reached, open } = gate(({ name }) => name === 'trainSupervised');
    const standIns = await serve({ before });
    const handle = await start({ preset: 'smoke' });
    await reached;
    const needs =
      "A training step takes at most 1.0 GiB (warm-up), 1.0 GiB (SFT), 1.0 GiB (PPO, in 2 parts), 1.0 GiB (reward model); training may take 4.0 GiB of the machine's 8.0 GiB.";
    expect((await handle.query(progressQuery)).memory).toBe(needs);
    expect(await detailsOf(handle)).toContain(needs);
    const [plan] = standIns.inputsOf('planTraining');
    expect(plan?.checkpoint).toEqual(standIns.inputsOf('trainSupervised')[0]?.checkpoint);
    open();
    await handle.result();
    expect(standIns.inputsOf('planTraining')).toHaveLength(1);
  });

  it('ends before the first step when that cannot fit', async () => {
    const message = 'warm-up: training on one sequence of 9 tokens needs 10 bytes of memory';
    const standIns = await serve({
      before: ({ name }) => {
        if (name === 'planTraining') throw ApplicationFailure.create({ message, type: 'InsufficientMemory' });
      },
    });
    const handle = await start({ preset: 'smoke' });
    const error = await handle.result().catch((reason: WorkflowFailedError) => reason.cause);
    expect(error).toMatchObject({ cause: { type: 'InsufficientMemory', message } });
    expect(standIns.inputsOf('trainSupervised')).toEqual([]);
  });

  it('goes from data to report, each step on the checkpoint before it', async () => {
    const standIns = await serve({ accuracy: (step) => [0, 5, 10, 20, 40, 30, 35][step] ?? 0 });
    const handle = await start({ preset: 'smoke', seed: 7 });
    const result = await handle.result();

    expect(standIns.inputsOf('prepareData')).toEqual([{ data: expect.objectContaining({ train: 32 }), seed: 7 }]);
    const supervised = standIns.inputsOf('trainSupervised');
    expect(supervised.map(({ purpose, epoch, freshOptimiser }) => [purpose, epoch, freshOptimiser])).toEqual(
      expect.arrayContaining([
        ['order-warm-up', 0, true],
        ['order-warm-up', 1, false],
        ['order-sft', 0, true],
        ['order-sft', 1, false],
      ]),
    );
    const updates = standIns.inputsOf('updatePolicy');
    expect(updates.map(({ round, checkpoint }) => [round, checkpoint.step])).toEqual([
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 5],
    ]);
    // 16 questions a round in shards of 8, two rounds an epoch.
    const rollouts = standIns
      .inputsOf('rollout')
      .filter(({ temperature, purpose }) => temperature && purpose === 'rollout');
    expect(rollouts.map(({ round, selection }) => [round, selection])).toEqual(
      expect.arrayContaining([
        [0, { order: 'shuffled', epoch: 0, from: 0, to: 8 }],
        [1, { order: 'shuffled', epoch: 0, from: 24, to: 32 }],
        [2, { order: 'shuffled', epoch: 1, from: 8, to: 16 }],
      ]),
    );
    expect(rollouts).toHaveLength(8);
    expect(updates.every(({ scored, reference }) => scored.length === 2 && reference.step === 2)).toBe(true);

    // Validation was best after round 2 (step 4), which is what is published; for SFT as well.
    expect(result.checkpoint.step).toBe(4);
    const [published] = standIns.inputsOf('publishRun');
    expect(published).toMatchObject({ model: result.checkpoint, curve: null, notes: [] });
    expect(published?.points.map(({ phase, step }) => `${phase} ${step}`).sort()).toEqual(
      ['ppo 1', 'ppo 2', 'ppo 3', 'ppo 4', 'reward-model 1', 'sft 1', 'sft 2', 'warm-up 1', 'warm-up 2'].sort(),
    );
    expect(Object.keys(published?.metrics ?? {})).toEqual(['warmUp', 'sft', 'reft']);
    expect(result.accuracy).toEqual({ warmUp: 50, sft: 50, top1: 50, voting: 50, reranking: 50, upperBound: 50 });
    expect(result.model).toEqual({ bucket: 'reft', prefix: `runs/${handle.workflowId}/model` });

    const { searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({ ReftPhase: ['finished'], ReftAccuracy: [50] });
    const { events } = await handle.fetchHistory();
    const summaries = (events ?? []).map(({ userMetadata }) => String(userMetadata?.summary?.data ?? ''));
    expect(summaries).toContain('"rollout 4/4, shard 2/2"');
  });

  it('replays a recorded history', async () => {
    await serve();
    const handle = await start({ preset: 'smoke' });
    await handle.result();
    const workflowBundle = await bundleWorkflows();
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
  });

  it('ends with the same checkpoint when its worker is replaced on the way', async () => {
    const whole = await serve();
    const undisturbed = await (await start({ preset: 'smoke' })).result();
    await stops.pop()?.();
    expect(whole.inputsOf('updatePolicy')).toHaveLength(4);

    const { before, reached } = gate(isUpdate(1));
    const first = await harness.startWorkers(createStandIns({ before }));
    const handle = await start({ preset: 'smoke' });
    await reached;
    await first.stop();
    const second = await serve();
    const disturbed = await handle.result();
    expect(disturbed.checkpoint).toEqual(undisturbed.checkpoint);
    expect(second.inputsOf('updatePolicy').map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(second.inputsOf('prepareData')).toEqual([]);
  });

  it('fails a bad specification at once, naming each field', async () => {
    const standIns = await serve();
    const failure = await failureOf((await start({ preset: 'smoke', seed: -1, ppo: { lr: 1 } })).result());
    expect(failure).toMatchObject({ type: 'InvalidSpec', nonRetryable: true });
    expect(failure.message).toContain('seed: got -1');
    expect(failure.message).toContain('ppo.lr: unknown field');
    expect(standIns.calls).toEqual([]);
  });

  it('fails when it is given two inputs, and says so', async () => {
    const standIns = await serve();
    for (const type of ['reft', 'grpo']) {
      const failure = await failureOf((await start([{ preset: 'smoke' }, { seed: 2 }], type, 'each')).result());
      expect(failure).toMatchObject({ type: 'InvalidSpec', nonRetryable: true });
      expect(failure.message).toMatch(/was started with two inputs, allowed: one, the specification$/);
    }
    expect(standIns.calls).toEqual([]);
  });

  it('fails without an input', async () => {
    await serve();
    const failure = await failureOf((await start(undefined)).result());
    expect(failure.type).toBe('InvalidSpec');
  });

  it('fails an unknown workflow type, listing the known', async () => {
    await serve();
    const failure = await failureOf((await start({ preset: 'smoke' }, 'refit')).result());
    expect(failure).toMatchObject({ type: 'UnknownWorkflowType', nonRetryable: true });
    expect(failure.message).toContain('"refit", known are: sft, ');
  });

  it('does not repeat an activity that failed for good, and repeats one that may succeed', async () => {
    let attempts = 0;
    await serve({
      before: ({ name }) => {
        if (name === 'initialiseModel' && attempts++ === 0) throw new Error('connection lost');
        if (name === 'updatePolicy') throw Object.assign(new Error('loss is NaN'), { name: 'DivergedTraining' });
      },
    });
    const handle = await start({ preset: 'smoke', sft: null });
    const error = await handle.result().catch((reason: WorkflowFailedError) => reason.cause);
    expect(attempts).toBe(2);
    expect(error).toMatchObject({ cause: { type: 'DivergedTraining', message: 'loss is NaN' } });
  });
});

describe('steering', () => {
  it('keeps the best checkpoint of a run that is cancelled, with a partial report, and ends as cancelled', async () => {
    const { before, reached } = gate(isUpdate(1));
    const standIns = await serve({ before });
    const handle = await start({ preset: 'smoke', sft: null });
    await reached;
    await handle.cancel();
    const error = await handle.result().catch((reason: WorkflowFailedError) => reason.cause);
    expect(error).toBeInstanceOf(CancelledFailure);
    const [kept, ...others] = standIns.inputsOf('publishPartialRun');
    expect(others).toEqual([]);
    expect(kept).toMatchObject({ runId: handle.workflowId, reached: expect.stringMatching(/^PPO, round 1 of \d+$/) });
    // Of the round that has been validated, or of the warm-up where that is as good.
    expect(kept?.validationAccuracy).toBeGreaterThanOrEqual(0);
    expect(standIns.inputsOf('publishRun')).toEqual([]);
  });

  it('says that it was stopped during the warm-up', async () => {
    const { before, reached, open } = gate(({ name }) => name === 'trainSupervised');
    const standIns = await serve({ before });
    const handle = await start({ preset: 'smoke', sft: null, warmUp: { epochs: 3 } });
    await reached;
    await handle.executeUpdate(stopEarlyUpdate);
    open();
    await handle.result();
    expect(standIns.inputsOf('publishRun')[0]?.notes).toEqual([
      'Stopped early by hand during the warm-up, after 1 of 3 epochs: nothing was trained after it, and every model is that of the warm-up.',
    ]);
    const { phases } = await handle.query(progressQuery);
    expect(phases.filter(({ stopped }) => stopped).map(positionOf)).toEqual([
      'stopped after epoch 1 of 3',
      'not begun, as it was stopped early',
    ]);
  });

  it('tells of signals that it does not know, and goes on', async () => {
    const { before, reached, open } = gate(isUpdate(0));
    await serve({ before });
    const handle = await start({ preset: 'smoke', sft: null });
    await reached;
    await handle.signal('pause');
    await handle.signal('halt');
    const told = [
      'the signal "pause" changes nothing: pause is an update',
      'the signal "halt" is not known: the updates are pause, resume, stopEarly',
    ];
    await expect.poll(async () => (await handle.query(progressQuery)).notObeyed, { timeout: 30_000 }).toEqual(told);
    expect((await handle.query(progressQuery)).paused).toBe(false);
    open();
    await handle.result();
  });

  it('pauses between rounds and goes on', async () => {
    const { before, reached, open } = gate(isUpdate(0));
    const standIns = await serve({ before });
    const handle = await start({ preset: 'smoke', sft: null });
    await reached;
    expect(await handle.executeUpdate(pauseUpdate)).toMatchObject({ phase: 'ppo', round: 0, rounds: 4, paused: true });
    open();
    await expect.poll(async () => (await handle.query(progressQuery)).round).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(standIns.inputsOf('updatePolicy')).toHaveLength(1);
    expect(await handle.executeUpdate(resumeUpdate)).toMatchObject({ paused: false });
    await handle.result();
    expect(standIns.inputsOf('updatePolicy')).toHaveLength(4);
  });

  it('stops early, its baseline as well, and still evaluates and reports', async () => {
    const { before, reached, open } = gate(
      (call) =>
        isUpdate(0)(call) || (call.name === 'trainSupervised' && JSON.stringify(call.input).includes('order-sft')),
    );
    const standIns = await serve({ before });
    const handle = await start({ preset: 'smoke' });
    await reached;
    expect(await handle.executeUpdate(stopEarlyUpdate)).toMatchObject({ stopping: true });
    open();
    const result: RunResult = await handle.result();
    expect(standIns.inputsOf('updatePolicy').length).toBeLessThanOrEqual(1);
    expect(
      standIns.inputsOf('trainSupervised').filter(({ purpose }) => purpose === 'order-sft').length,
    ).toBeLessThanOrEqual(1);
    expect(Object.keys(result.metrics)).toEqual(['warmUp', 'sft', 'reft']);
    expect(standIns.inputsOf('publishRun')[0]?.notes).toEqual(['Stopped early by hand.']);
  });

  it('changes hyperparameters from the next round on, and refuses what is not allowed', async () => {
    const { before, reached, open } = gate(isUpdate(1));
    const standIns = await serve({ before });
    const handle = await start({ preset: 'smoke', sft: null });
    await reached;
    const change = (changes: unknown) => handle.executeUpdate(setHyperparametersUpdate, { args: [changes as never] });

    expect(await rejection(change({ learningRate: -1 }))).toContain(
      'learningRate: got -1, allowed: a number greater than 0',
    );
    expect(await rejection(change({ lr: 1 }))).toContain('lr: unknown field');
    expect(await rejection(change({}))).toContain('got nothing to change, allowed: any of ppoEpochs');
    expect(await rejection(change('fast'))).toContain('got "fast", allowed: an object');
    expect(await rejection(change({ questionsPerRound: 1 }))).toContain('questionsPerRound: unknown field');

    const note = await change({ learningRate: 1e-5, klCoefficient: 0.5 });
    expect(note).toBe('After round 1, changed by hand: {"learningRate":0.00001,"klCoefficient":0.5}');
    open();
    await handle.result();
    const used = standIns
      .inputsOf('updatePolicy')
      .map(({ settings, algorithm }) => [settings.optimiser.learningRate, algorithm.klCoefficient]);
    expect(used).toEqual([
      [6e-4, 0.01],
      [6e-4, 0.01],
      [1e-5, 0.5],
      [1e-5, 0.5],
    ]);
    expect(standIns.inputsOf('publishRun')[0]?.notes).toEqual([note]);
  });

  it('refuses new hyperparameters when there is no PPO to come', async () => {
    const { before, reached, open } = gate(({ name }) => name === 'tallyEvaluation');
    await serve({ before });
    const handle = await start({ preset: 'smoke', sft: null });
    await reached;
    const change = handle.executeUpdate(setHyperparametersUpdate, { args: [{ learningRate: 1e-5 }] });
    expect(await rejection(change)).toContain('PPO is over, the run is in phase evaluation');
    open();
    await handle.result();
  });

  it('tells its progress', async () => {
    const { before, reached, open } = gate(isUpdate(2));
    await serve({ before });
    const handle = await start({ preset: 'smoke' });
    await reached;
    const progress = await handle.query(progressQuery);
    expect(progress).toMatchObject({
      phase: 'ppo',
      unit: 'round',
      round: 2,
      rounds: 4,
      metrics: { reward: 0.5, klPerToken: 0.01 },
      paused: false,
      phases: [{ phase: 'prepare' }, { phase: 'warm-up', round: 2, rounds: 2 }, { phase: 'ppo' }],
    });
    expect(progress.etaSeconds).toBeGreaterThan(0);
    expect((await detailsOf(handle)).split('\n')).toEqual([
      '- **Data**: done, questions 32, vocabulary 100',
      '- **Warm-up**: epoch 2 of 2, validation 2.0 %, loss 0.5',
      '- **PPO**: round 2 of 4, about a minute left, reward 0.5, validation 4.0 %, best 4.0 %, KL per token 0.01',
      expect.stringMatching(/^- A training step takes at most /),
    ]);
    await handle.executeUpdate(pauseUpdate);
    expect(await detailsOf(handle)).toMatch(/^\*\*Paused\*\* until the update `resume`\n\n- /);
    await handle.executeUpdate(resumeUpdate);
    open();
    await handle.result();
    expect(await handle.query(progressQuery)).toMatchObject({
      phase: 'finished',
      metrics: { warmUp: 50, sft: 50, reft: 50, voting: 50, reranking: 50, upperBound: 50 },
    });
    expect(await detailsOf(handle)).toContain('- **Finished**: warm-up 50.0 %, SFT 50.0 %, ReFT 50.0 %, voting 50.0 %');
  });
});

describe('sft', () => {
  it('is a run of its own: warm-up, continued training, evaluation, report', async () => {
    const standIns = await serve();
    const result = await (await start({ preset: 'smoke' }, 'sft')).result();
    expect(standIns.inputsOf('updatePolicy')).toEqual([]);
    expect(Object.keys(result.metrics)).toEqual(['warmUp', 'sft']);
    expect(result.checkpoint.step).toBe(4);
  });
});
