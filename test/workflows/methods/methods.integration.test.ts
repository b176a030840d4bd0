/** Every method's steps, as a run and as a workflow of its own, on a real Temporal server with stand-in activities. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type MethodName, methodNames } from '../../../workflows/config/methods.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import type { reft, training } from '../../../workflows/index.js';
import type { MethodInput } from '../../../workflows/methods/method.js';
import { type HyperparameterChanges, setHyperparametersUpdate } from '../../../workflows/monitoring/hyperparameters.js';
import type { RunResult } from '../../../workflows/runState.js';
import { type Harness, openHarness } from '../harness.js';
import { createStandIns, type StandInOptions, type StandIns } from '../standIns.js';

let harness: Harness;
let stop: (() => Promise<void>) | undefined;
let runs = 0;

beforeAll(async () => {
  harness = await openHarness();
});
afterEach(async () => {
  await stop?.();
  stop = undefined;
});
afterAll(() => harness.close());

async function run(
  type: string,
  input: Readonly<Record<string, unknown>>,
  options?: StandInOptions,
): Promise<{ readonly result: RunResult; readonly standIns: StandIns }> {
  const standIns = createStandIns(options);
  ({ stop } = await harness.startWorkers(standIns));
  runs += 1;
  const least = { preset: 'smoke', sft: null, rewardModel: null, evaluation: { samplesPerQuestion: 0 } };
  const handle = await harness.start<typeof reft>(type, `method-${runs}`, { ...least, ...input });
  return { result: await handle.result(), standIns };
}

describe('offline self-training', () => {
  it('samples the warm-up, adds what is right, and trains the model from before the warm-up on all of it', async () => {
    const { result, standIns } = await run('offline-self-training', { seed: 7 });
    const [sampled] = standIns.inputsOf('rollout').filter(({ purpose }) => purpose === 'sample-self-training');
    expect(sampled).toMatchObject({ samples: 4, temperature: 1, seed: 7, checkpoint: { step: 2 } });
    const [addition] = standIns.inputsOf('addSamples');
    expect(addition).toMatchObject({ keepPerQuestion: 10, train: { count: 32 } });
    expect(addition?.scored).toHaveLength(4);
    const epochs = standIns.inputsOf('trainSupervised').filter(({ purpose }) => purpose === 'order-self-training');
    expect(
      epochs.map(({ epoch, freshOptimiser, checkpoint, train }) => [
        epoch,
        freshOptimiser,
        checkpoint.step,
        train.count,
      ]),
    ).toEqual([
      [0, true, 0, 64],
      [1, false, 1, 64],
    ]);
    expect(Object.keys(result.metrics)).toEqual(['warmUp', 'offline-self-training']);
    expect(result.checkpoint.step).toBe(2);
  });

  it('keeps its own best epoch even where the warm-up was better', async () => {
    const { result, standIns } = await run(
      'reft',
      { method: 'offline-self-training' },
      { accuracy: (step) => [0, 5, 20, 3][step] ?? 0 },
    );
    expect(standIns.inputsOf('publishRun')[0]?.model).toEqual(result.checkpoint);
    expect(result.checkpoint.step).toBe(2);
  });
});

describe('methods in rounds', () => {
  it.each([
    ['online-self-training', 0.5],
    ['expert-iteration', 0],
  ] as const)(
    '%s trains on each round’s right samples, and tells how far it is from the warm-up',
    async (method, annotatedShare) => {
      const { result, standIns } = await run(method, {});
      const updates = standIns.inputsOf('trainOnSamples');
      expect(
        updates.map(({ round, rounds, checkpoint, freshOptimiser }) => [
          round,
          rounds,
          checkpoint.step,
          freshOptimiser,
        ]),
      ).toEqual([
        [0, 4, 2, true],
        [1, 4, 3, false],
        [2, 4, 4, false],
        [3, 4, 5, false],
      ]);
      expect(updates.every((update) => update.annotatedShare === annotatedShare && update.scored.length === 2)).toBe(
        true,
      );
      expect(updates.map(({ reference }) => reference.step)).toEqual([2, 2, 2, 2]);
      const metrics = standIns.inputsOf('publishRun')[0]?.points.find(({ phase }) => phase === method)?.metrics;
      expect(metrics).toMatchObject({ klPerToken: 0.01, klPerSequence: 0.2, entropy: 1, entropyPerSequence: 20 });
      expect(result.warnings).toEqual([]);
      expect(standIns.inputsOf('updatePolicy')).toEqual([]);
    },
  );

  it.each(['grpo', 'rloo'] as const)('%s compares several answers to each question', async (method) => {
    const settings = { samplesPerQuestion: 3 };
    // The preset has no section for RLOO: its rounds are those of GRPO, its options its own.
    const { result, standIns } = await run(method, {
      grpo: settings,
      ...(method === 'grpo' ? { grpo: { ...settings, klCoefficient: 0.1 } } : {}),
    });
    const updates = standIns.inputsOf('updatePolicy');
    expect(updates).toHaveLength(4);
    expect(updates[3]).toMatchObject({
      algorithm: { name: method, klCoefficient: method === 'grpo' ? 0.1 : 0, klPlacement: 'loss' },
      round: 3,
      rounds: 4,
      checkpoint: { step: 5 },
      reference: { step: 2 },
      maxAnswerTokens: 24,
      settings: { miniBatch: 16, ppoEpochs: 1 },
    });
    const rollouts = standIns.inputsOf('rollout').filter(({ temperature }) => temperature === 1);
    expect(rollouts.every(({ samples }) => samples === 3)).toBe(true);
    expect(Object.keys(result.metrics)).toEqual(['warmUp', method]);
    expect(Object.keys(result.work)).toEqual(expect.arrayContaining([`${method} rollout`, `${method} update`]));
  });
});

describe('setHyperparameters', () => {
  /** Starts a run that is given changes while its round 1 is updated. */
  async function change(method: string, changes: HyperparameterChanges) {
    const handle = harness.environment.client.workflow.getHandle(`changed-${method}`);
    const answers: Promise<string>[] = [];
    const standIns = createStandIns({
      before: async ({ name, input }) => {
        const inRound = (input as { readonly round?: number }).round === 1 && name === 'updatePolicy';
        const inEpoch = JSON.stringify(input).includes('order-self-training');
        if (answers.length > 0 || !(inRound || inEpoch)) return;
        answers.push(handle.executeUpdate(setHyperparametersUpdate, { args: [changes] }));
        await answers[0]?.catch(() => undefined);
      },
    });
    ({ stop } = await harness.startWorkers(standIns));
    const spec = { preset: 'smoke', sft: null, rewardModel: null, evaluation: { samplesPerQuestion: 0 } };
    const run = await harness.start<typeof reft>(method, handle.workflowId, spec);
    await run.result();
    return { standIns, answer: answers[0] };
  }

  it('changes GRPO from its next round on', async () => {
    const { standIns, answer } = await change('grpo', { learningRate: 1e-5, klCoefficient: 0.5 });
    expect(await answer).toContain('After round 1, changed by hand');
    const used = standIns.inputsOf('updatePolicy');
    expect(used.map(({ settings, algorithm }) => [settings.optimiser.learningRate, algorithm.klCoefficient])).toEqual([
      [6e-4, 0],
      [6e-4, 0],
      [1e-5, 0.5],
      [1e-5, 0.5],
    ]);
  });

  it('is refused by a method that has no rounds', async () => {
    const { answer } = await change('offline-self-training', { learningRate: 1e-5 });
    await expect(answer).rejects.toMatchObject({
      cause: {
        message: expect.stringContaining('setHyperparameters: a run of method offline-self-training has no rounds'),
      },
    });
  });
});

describe('every method', () => {
  /** The shared start of a tiny run. */
  async function sharedStart(spec: MethodInput['spec']): Promise<MethodInput> {
    const { standIns } = await run('sft', { sft: { epochs: 1 } });
    await stop?.();
    const [first] = standIns.inputsOf('trainSupervised');
    const [evaluation] = standIns.inputsOf('publishRun');
    if (!first || !evaluation) throw new Error('the run did not train');
    const start = { checkpoint: evaluation.model, accuracy: 1, step: 0 };
    return { spec, data: evaluation.data, start, base: first.checkpoint };
  }

  it('is a workflow of its own from a shared start, and gives its best checkpoint, curve and work', async () => {
    const spec = resolveSpec({ preset: 'smoke', evaluation: { everyRounds: 2 } });
    const input = await sharedStart(spec);
    const standIns = createStandIns({ accuracy: (step) => step });
    ({ stop } = await harness.startWorkers(standIns));
    const results = await Promise.all(
      methodNames.map(async (name: MethodName) => {
        const handle = await harness.start<typeof training>('training', `alone-${name}`, {
          ...input,
          spec: { ...spec, method: name },
        });
        return [name, await handle.result()] as const;
      }),
    );
    const from = input.start.checkpoint.step;
    const last = { sft: from + 2, 'offline-self-training': 2 } as Readonly<Record<string, number>>;
    for (const [name, { checkpoint, accuracy, step, done, points, work }] of results) {
      const rounds = name === 'sft' || name === 'offline-self-training' ? 2 : 4;
      expect([name, checkpoint.step, accuracy, step, done]).toEqual([
        name,
        last[name] ?? from + 4,
        last[name] ?? from + 4,
        rounds,
        rounds,
      ]);
      expect(points).toHaveLength(rounds);
      expect(points.at(-1)?.metrics.validationAccuracy).toBe(accuracy);
      expect(Object.keys(work)).toContain('validation');
    }
  });

  it('is refused without its settings', async () => {
    const input = await sharedStart(resolveSpec({ preset: 'smoke' }));
    ({ stop } = await harness.startWorkers(createStandIns()));
    const handle = await harness.start<typeof training>('training', 'no-settings', {
      ...input,
      spec: { ...input.spec, method: 'grpo', grpo: null },
    });
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'InvalidSpec',
        message: expect.stringContaining('grpo: got null, allowed: method grpo needs an object here'),
      },
    });
  });

  it('ends early when validation has not gained for as long as there is patience', async () => {
    const accuracy = (step: number): number => [0, 0, 10, 20, 15, 20, 30][step] ?? 0;
    const evaluation = { everyRounds: 1, samplesPerQuestion: 0, patience: 2 };
    const { result, standIns } = await run('reft', { evaluation }, { accuracy });
    // Rounds 1 to 3 reach 20, 15 and 20: the second and third are no gain, though of equal ones the later is kept.
    expect(standIns.inputsOf('updatePolicy')).toHaveLength(3);
    expect(result.checkpoint.step).toBe(5);
  });

  it.each([
    ['sft', { sft: { epochs: 6 } }, 'order-sft', 2],
    ['offline-self-training', { offlineSelfTraining: { epochs: 6 } }, 'order-self-training', 0],
  ] as const)('ends early in epochs as well: %s', async (method, settings, purpose, from) => {
    // By epoch 2, 4, 3, 4, …: the third and fourth are no gain, though of equal ones the later is kept.
    const accuracy = (step: number): number => [0, 2, 4, 3, 4, 9, 9][step - from] ?? 0;
    const evaluation = { samplesPerQuestion: 0, patience: 2 };
    const { result, standIns } = await run(method, { ...settings, evaluation }, { accuracy });
    const epochs = standIns.inputsOf('trainSupervised').filter((input) => input.purpose === purpose);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
    expect(result.checkpoint.step).toBe(from + 4);
  });
});
