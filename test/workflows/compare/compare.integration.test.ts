/** The comparison on a real Temporal server, with stand-in activities: what is done, what is taken over, what a failure costs. */
import { ApplicationFailure, type WorkflowFailedError } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { editions } from '../../../workflows/compare/editions.js';
import type { compare } from '../../../workflows/index.js';
import { pauseUpdate, progressQuery, resumeUpdate, stopEarlyUpdate } from '../../../workflows/monitoring/progress.js';
import { detailsOf, type Harness, openHarness } from '../harness.js';
import { createStandIns, gate, type StandInOptions } from '../standIns.js';

let harness: Harness;
let stops: (() => Promise<void>)[] = [];
let handles: { terminate(): Promise<unknown> }[] = [];
let comparisons = 0;

beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());
afterEach(async () => {
  for (const handle of handles) await handle.terminate().catch(() => undefined);
  for (const stop of stops) await stop();
  handles = [];
  stops = [];
});

async function serve(options?: StandInOptions, on = harness, engines?: number) {
  const standIns = createStandIns(options);
  const { stop } = await on.startWorkers(standIns, undefined, engines);
  stops.push(stop);
  return standIns;
}

async function start(input: unknown, on = harness) {
  comparisons += 1;
  const handle = await on.start<typeof compare>('compare', `compare-${comparisons}`, input);
  handles.push(handle);
  return handle;
}

/** Each test its own seeds, the warm-up's the first of them: a child of another test must not be taken for one of this. */
const spec = (seeds: readonly number[], others: object = {}) => ({
  run: { preset: 'smoke', seed: seeds[0] },
  methods: ['sft', 'reft'],
  seeds,
  ...others,
});

async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await result.then(
    () => undefined,
    (reason: WorkflowFailedError) => reason.cause,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

describe('a comparison', () => {
  it('trains every method with every seed from one warm-up, and evaluates all of them with one judge', async () => {
    const standIns = await serve();
    const handle = await start(spec([1, 2]));
    const result = await handle.result();

    expect(standIns.inputsOf('prepareData').map(({ seed }) => seed)).toEqual([1]);
    expect(standIns.inputsOf('initialiseModel')).toHaveLength(1);
    const [published] = standIns.inputsOf('publishComparison');
    expect(published?.models.map(({ model, seed }) => `${model} ${seed}`)).toEqual([
      'warmUp undefined',
      'sft 1',
      'reft 1',
      'sft 2',
      'reft 2',
    ]);
    // What is planned for is what takes part, before anything trains.
    const planned = standIns.inputsOf('planTraining').map(({ steps }) => steps.map(({ name }) => name));
    expect(planned).toEqual([['warm-up', 'SFT', 'PPO', 'reward model']]);
    expect(published?.data.train.count).toBe(32);
    expect(result.failures).toEqual([]);
    // Warm-up, its evaluation, reward model; for each seed two trainings and two evaluations.
    expect(result.children).toEqual({ done: 11, reused: 0 });
    const starts = new Set<string | undefined>();
    for (const seed of [1, 2]) {
      const references = standIns
        .inputsOf('updatePolicy')
        .filter((input) => input.seed === seed)
        .map(({ reference }) => reference.sha256);
      const [firstOfSft] = standIns
        .inputsOf('trainSupervised')
        .filter((input) => input.seed === seed && input.purpose === 'order-sft' && input.epoch === 0);
      expect(new Set(references)).toEqual(new Set([firstOfSft?.checkpoint.sha256]));
      starts.add(firstOfSft?.checkpoint.sha256);
    }
    expect(starts.size).toBe(1);
    const judges = standIns.inputsOf('scoreByRewardModel').map(({ rewardModel }) => rewardModel.sha256);
    expect(new Set(judges).size).toBe(1);
    // The judge has seen the warm-up's samples only: its metrics do not depend on the methods compared.
    expect(
      standIns.inputsOf('rollout').filter(({ purpose, round }) => purpose === 'sample-reward-model' && round > 0),
    ).toEqual([]);

    const details = await detailsOf(handle);
    expect(details).toMatch(/\*\*Comparison\*\*: step 11 of 11/);
    const lines = details.split('\n');
    expect(lines).toContain('- **ReFT** (2 trainings): greedy 50.0 (45.0–55.0)');
    expect(lines).toContain('- **ReFT less SFT**: greedy +5.0 points (+1.0 to +9.0), p = 0.03');
    const { phase, table } = await handle.query(progressQuery);
    expect(phase).toBe('finished');
    expect(table).toHaveLength(5);
  });

  it('trains from several warm-ups, which learn from the same data, each with a judge of its own', async () => {
    const standIns = await serve();
    const handle = await start(spec([101], { warmUps: [101, 102] }));
    const result = await handle.result();

    expect(result.children).toEqual({ done: 14, reused: 0 });
    expect(standIns.inputsOf('prepareData').map(({ seed }) => seed)).toEqual([101, 101]);
    expect(
      standIns
        .inputsOf('initialiseModel')
        .map(({ seed }) => seed)
        .sort(),
    ).toEqual([101, 102]);
    const [published] = standIns.inputsOf('publishComparison');
    expect(published?.models.map(({ model, warmUp, seed }) => [model, warmUp, seed])).toEqual([
      ['warmUp', 101, undefined],
      ['warmUp', 102, undefined],
      ['sft', 101, 101],
      ['reft', 101, 101],
      ['sft', 102, 101],
      ['reft', 102, 101],
    ]);
    expect(published?.trainings.map(({ model, warmUp, seed }) => [model, warmUp, seed])).toContainEqual([
      'reft',
      102,
      101,
    ]);
    const references = new Set(standIns.inputsOf('updatePolicy').map(({ reference }) => reference.sha256));
    expect(references.size).toBe(2);
    const judges = new Set(standIns.inputsOf('scoreByRewardModel').map(({ rewardModel }) => rewardModel.sha256));
    expect(judges.size).toBe(2);
    const lines = (await detailsOf(handle)).split('\n');
    expect(lines).toContain('- **warm-up** (2 warm-ups): greedy 50.0 (45.0–55.0)');

    // Another warm-up: what was done is taken over, whatever the order.
    const more = await start(spec([101], { warmUps: [102, 101, 103] }));
    expect((await more.result()).children).toEqual({ done: 7, reused: 14 });
  });

  it('tells how its trainings went, of signs of collapse while they are under way', async () => {
    const held = gate(({ name }) => name === 'publishComparison');
    const standIns = await serve({
      before: held.before,
      policyFigures: ({ seed }) => (seed === 82 ? { klPerToken: 2 } : {}),
    });
    const handle = await start(spec([81, 82]));
    await held.reached;
    const details = await detailsOf(handle);
    expect(details).toMatch(/- \*\*ReFT\*\* \(2 trainings\): greedy 50\.0 ± 0\.0, voting@2 50\.0 ± 0\.0/);
    expect(details).toMatch(/- ⚠ \*\*Warning\*\*, ReFT, seed 82, rounds 3–4: the policy is 2 nats a token away/);
    held.open();
    await handle.result();
    expect(await detailsOf(handle)).toMatch(/\*\*Warning\*\*, ReFT, seed 82, rounds 3–4/);
    const trainings = standIns.inputsOf('publishComparison')[0]?.trainings ?? [];
    expect(
      trainings.map(({ model, seed, done, warnings }) => [model, seed, done, warnings.map(({ kind }) => kind)]),
    ).toEqual([
      ['sft', 81, 2, []],
      ['reft', 81, 4, []],
      ['sft', 82, 2, []],
      ['reft', 82, 4, ['kl-blow-up']],
    ]);
    expect(trainings[3]?.metrics).toMatchObject({ klPerToken: 2, reward: 0.5, gradientNorm: 1 });
    expect(trainings[2]?.metrics).toMatchObject({ loss: 0.5 });
  });

  it('takes over what an earlier one has done, and does the rest', async () => {
    const kept = new Map<string, unknown>();
    const first = await serve({ kept });
    await (await start(spec([11], { methods: ['sft'] }))).result();
    await stops.pop()?.();

    const second = await serve({ kept });
    const result = await (await start(spec([11, 12], { methods: ['sft', 'reft'], title: 'more of it' }))).result();
    // Warm-up, judge, SFT of seed 11, and two evaluations.
    expect(result.children).toEqual({ done: 6, reused: 5 });
    for (const { unit, edition } of second.inputsOf('recallResult')) expect(edition).toBe(editions[unit]);
    expect(second.inputsOf('prepareData')).toEqual([]);
    expect(second.inputsOf('trainSupervised').filter(({ seed }) => seed === 11)).toEqual([]);
    expect(second.inputsOf('updatePolicy').filter(({ seed }) => seed === 11).length).toBeGreaterThan(0);
    expect(second.inputsOf('publishComparison')[0]?.notes).toEqual([
      '5 of 11 children were taken over from earlier comparisons.',
    ]);
    const verdicts = (from: typeof first) =>
      from.inputsOf('publishComparison')[0]?.models.find(({ model, seed }) => model === 'sft' && seed === 11)?.verdicts;
    expect(verdicts(second)).toEqual(verdicts(first));
    await stops.pop()?.();

    // Another setting of one method is another training, from the same warm-up.
    const third = await serve({ kept });
    const run = { preset: 'smoke', seed: 11, ppo: { klCoefficient: 0.2 } };
    const changed = await (await start(spec([11], { run }))).result();
    expect(changed.children).toEqual({ done: 2, reused: 5 });
    expect(third.inputsOf('trainSupervised')).toEqual([]);
  });

  it('keeps what had finished when it is ended from outside', async () => {
    const kept = new Map<string, unknown>();
    const held = gate(({ name }) => name === 'updatePolicy');
    await serve({ kept, before: held.before });
    const handle = await start(spec([21], { parallel: 1 }));
    await held.reached;
    await handle.terminate();
    held.open();
    await stops.pop()?.();
    const standIns = await serve({ kept });
    const result = await (await start(spec([21], { parallel: 1 }))).result();
    expect(result.children.reused).toBeGreaterThanOrEqual(4);
    expect(standIns.inputsOf('prepareData')).toEqual([]);
  });

  it('goes on without what failed, and tells', async () => {
    await serve({
      before: ({ name, input }) => {
        if (name === 'updatePolicy' && (input as { seed: number }).seed === 32)
          throw ApplicationFailure.nonRetryable('loss is NaN in round 3', 'DivergedTraining');
      },
    });
    const handle = await start(spec([31, 32]));
    const { failures, metrics, children } = await handle.result();
    expect(failures).toEqual(['ReFT, seed 32: loss is NaN in round 3']);
    expect(children.done).toBe(9);
    expect(metrics.rows.map(({ model, trainings }) => [model, ...trainings.map(({ seed }) => seed)])).toEqual([
      ['warmUp', undefined],
      ['sft', 31, 32],
      ['reft', 31],
    ]);
    expect(await detailsOf(handle)).toMatch(/- \*\*Failed\*\*: ReFT, seed 32: loss is NaN in round 3/);
  });

  it('trains beside the judge, and evaluates nothing before it is there', async () => {
    const held = gate(({ name }) => name === 'trainRewardModel');
    const standIns = await serve({ before: held.before }, harness, 2);
    const handle = await start(spec([91]));
    await held.reached;
    await expect
      .poll(() => standIns.inputsOf('keepResult').length, { timeout: 20_000 })
      // The warm-up and both trainings.
      .toBe(3);
    expect(standIns.inputsOf('scoreByRewardModel')).toEqual([]);
    expect(standIns.inputsOf('tallyEvaluation')).toEqual([]);
    held.open();
    expect(await handle.result()).toMatchObject({ failures: [], children: { done: 7 } });
  });

  it('keeps its trainings where the judge fails', async () => {
    const kept = new Map<string, unknown>();
    await serve({
      kept,
      before: ({ name }) => {
        if (name === 'trainRewardModel') throw ApplicationFailure.nonRetryable('loss is NaN', 'DivergedTraining');
      },
    });
    const failure = await failureOf((await start(spec([92]))).result());
    expect(failure).toMatchObject({ type: 'NothingToCompare', message: expect.stringContaining('reward model: loss') });
    await stops.pop()?.();
    await serve({ kept });
    // The warm-up and both trainings are there; the judge and three evaluations are done now.
    expect(await (await start(spec([92]))).result()).toMatchObject({ children: { done: 4, reused: 3 } });
  });

  it('fails where nothing is left to compare', async () => {
    await serve({
      before: ({ name }) => {
        if (name === 'prepareData') throw ApplicationFailure.nonRetryable('no such file', 'InvalidData');
      },
    });
    const failure = await failureOf((await start(spec([41]))).result());
    expect(failure).toMatchObject({ type: 'NothingToCompare', message: expect.stringContaining('no such file') });
  });

  it('waits for another comparison that is at the same child', async () => {
    const kept = new Map<string, unknown>();
    const held = gate(({ name }) => name === 'initialiseModel');
    const standIns = await serve({ kept, before: held.before });
    const first = await start(spec([51]));
    await held.reached;
    const second = await start(spec([51]));
    // It has found neither a result nor a free id.
    await expect
      .poll(() => standIns.inputsOf('recallResult').filter(({ unit }) => unit === 'warm-up').length, {
        timeout: 20_000,
      })
      .toBeGreaterThanOrEqual(2);
    held.open();
    const results = await Promise.all([first.result(), second.result()]);
    expect(results.map(({ failures }) => failures)).toEqual([[], []]);
    expect(standIns.inputsOf('initialiseModel')).toHaveLength(1);
  });

  it('is paused with its children, and resumed', async () => {
    const held = gate(({ name }) => name === 'updatePolicy');
    const standIns = await serve({ before: held.before });
    const handle = await start(spec([61], { methods: ['reft'] }));
    await held.reached;
    await handle.executeUpdate(pauseUpdate);
    held.open();
    const child = [...(await listChildren(handle.workflowId))].find((id) => id.startsWith('training-reft-seed61'));
    const childHandle = harness.environment.client.workflow.getHandle(child ?? '');
    await expect.poll(async () => (await childHandle.query(progressQuery)).paused).toBe(true);
    const before = standIns.inputsOf('updatePolicy').length;
    await handle.executeUpdate(resumeUpdate);
    await handle.result();
    expect(standIns.inputsOf('updatePolicy').length).toBeGreaterThan(before);
  });

  it('stopped early begins no further child, and reports what there is', async () => {
    const held = gate(({ name }) => name === 'updatePolicy');
    const standIns = await serve({ before: held.before });
    const handle = await start(spec([71, 72], { methods: ['reft'], parallel: 1 }));
    await held.reached;
    await handle.executeUpdate(stopEarlyUpdate);
    held.open();
    const result = await handle.result();
    expect(result.failures).toEqual([]);
    // The training under way went on to its end, so that its result is what its content stands for.
    const rounds = standIns.inputsOf('updatePolicy').map(({ round }) => round);
    expect(Math.max(...rounds)).toBe(3);
    expect(standIns.inputsOf('publishComparison')[0]?.notes).toEqual(['Stopped early by hand.']);
  });

  it('is refused at once when its specification is wrong, field by field', async () => {
    await serve();
    const refusal = async (input: unknown): Promise<string> => {
      const failure = await failureOf((await start(input)).result());
      expect(failure.type).toBe('InvalidSpec');
      return failure.message;
    };
    expect(await refusal({ preset: 'paper-small', methods: ['sft', 'ppo'] })).toMatch(
      /methods\.1: got "ppo", allowed: one of "sft"/,
    );
    expect(await refusal(spec([1, 1]))).toMatch(/seeds: got \[1,1\], allowed: each seed once/);
    const run = { preset: 'smoke', ppo: { ppoEpochs: 0 } };
    expect(await refusal(spec([1], { run }))).toMatch(
      /run\.ppo\.ppoEpochs: got 0, allowed: a whole number from 1 to 100/,
    );
    expect(await refusal(spec([1], { run: { preset: 'smoke', method: 'sft' } }))).toMatch(
      /run\.method: is set by methods/,
    );
  });
});

async function listChildren(workflowId: string): Promise<readonly string[]> {
  const { history } = { history: await harness.environment.client.workflow.getHandle(workflowId).fetchHistory() };
  return (history.events ?? []).flatMap(
    ({ childWorkflowExecutionStartedEventAttributes: started }) => started?.workflowExecution?.workflowId ?? [],
  );
}

describe('a long comparison', () => {
  it('continues as new, and does nothing twice', async () => {
    const eager = await openHarness(['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60']);
    try {
      const standIns = await serve({}, eager);
      const handle = await start(spec([1, 2, 3]), eager);
      const result = await handle.result();
      const { runId } = await eager.environment.client.workflow.getHandle(handle.workflowId).describe();
      expect(runId).not.toBe(handle.firstExecutionRunId);
      expect(result.children).toEqual({ done: 15, reused: 0 });
      expect(standIns.inputsOf('initialiseModel')).toHaveLength(1);
      expect(standIns.inputsOf('keepResult')).toHaveLength(15);
      expect(standIns.inputsOf('recallResult')).toHaveLength(15);
    } finally {
      for (const stop of stops) await stop();
      stops = [];
      await eager.close();
    }
  });
});
