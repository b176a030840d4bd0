/** What each training activity hands to the engine, and what it keeps of the answer: a round or epoch of every method. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { DataSetRef } from '../../activities/data/types.js';
import { readManifest } from '../../activities/store/checkpoint.js';
import type { CheckpointRef, ObjectRef, Store } from '../../activities/store/types.js';
import { createTrainOnSamples } from '../../activities/trainOnSamples.js';
import { createTrainRewardModel } from '../../activities/trainRewardModel.js';
import { createTrainSupervised } from '../../activities/trainSupervised.js';
import { createUpdatePolicy, type UpdatePolicyInput } from '../../activities/updatePolicy.js';
import { sampleTrainingSchema } from '../../workflows/config/selfTraining.js';
import { answer, optimiser, question, type Recorded, recordingEngine, work } from './recordingEngine.js';

const metrics = { klPerToken: 0.5, klPerSequence: 1, entropy: 0.25, entropyPerSequence: 0.75 };
const seed = 5;

let recorded: Recorded;
let store: Store;
let train: DataSetRef;
let checkpoint: CheckpointRef;
let reference: CheckpointRef;
/** Two shards: two answers to each of questions 0 and 1, then to 2 and 3. */
let scored: readonly ObjectRef[];

beforeEach(async () => {
  recorded = recordingEngine({
    trainPolicy: { metrics },
    diagnoseRollouts: { metrics },
    trainSupervised: { loss: 0.125, gradientNorm: 3 },
    trainRewardModel: { loss: 0.5, accuracy: 0.75 },
  });
  ({ store } = recorded);
  train = await recorded.dataSet([0, 1, 2, 3].map(question));
  checkpoint = await recorded.checkpoint('policy', 7);
  reference = await recorded.checkpoint('reference');
  scored = [
    await store.putLines([answer(0, 0, 1), answer(0, 1, 0), answer(1, 0, 0.1), answer(1, 1, 0.1)]),
    await store.putLines([answer(2, 0, 1), answer(2, 1, 1, { truncated: true }), answer(3, 0, 0), answer(3, 1, 0)]),
  ];
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The task's only call. */
function only<Input>(inputs: readonly Input[]): Input {
  const [first, ...others] = inputs;
  if (first === undefined || others.length > 0) throw new Error(`${inputs.length} calls`);
  return first;
}

/** How often each place is taken. */
function timesTaken(batches: readonly (readonly number[])[]): readonly number[] {
  const places = batches.flat();
  return [...new Set(places)].sort((a, b) => a - b).map((place) => places.filter((other) => other === place).length);
}

describe('updatePolicy', () => {
  const algorithm = { name: 'ppo', klCoefficient: 0.03, clipRange: 0.1 } as const;
  const settings = { miniBatch: 3, ppoEpochs: 2, optimiser: { ...optimiser, schedule: 'linear' } } as const;
  const update = (round: number, change: Partial<UpdatePolicyInput> = {}) =>
    createUpdatePolicy(recorded)({
      checkpoint,
      reference,
      train,
      scored,
      algorithm,
      settings,
      maxAnswerTokens: 24,
      seed,
      round,
      rounds: 4,
      freshOptimiser: false,
      ...change,
    });

  it('hands on prompts, answers, rewards, questions and the algorithm, of all shards in order', async () => {
    await update(0);
    const input = only(recorded.inputsOf('trainPolicy'));
    expect(input).toMatchObject({
      algorithm: { name: 'ppo', klCoefficient: 0.03, clipRange: 0.1 },
      maxAnswerTokens: 24,
      optimiser: { beta1: 0.9, beta2: 0.98, weightDecay: 0.01, maxGradNorm: 2 },
      model: { parameters: 'policy parameters', moments: 'policy moments', step: 7 },
      reference: { parameters: 'reference parameters' },
    });
    expect(input.reference).not.toHaveProperty('moments');
    expect(
      input.rollouts.map(({ prompt, answer: tokens, reward, group }) => [...prompt, ...tokens, reward, group]),
    ).toEqual([
      [100, 0, 1, 1, 0],
      [100, 1, 1, 0, 0],
      [101, 10, 1, 0.1, 1],
      [101, 11, 1, 0.1, 1],
      [102, 20, 1, 1, 2],
      [102, 21, 1, 1, 2],
      [103, 30, 1, 0, 3],
      [103, 31, 1, 0, 3],
    ]);
    for (const { logProbs } of input.rollouts) expect(logProbs).toEqual([-0.5, -0.25]);
    expect(input.rollouts.map(({ truncated }) => truncated)).toEqual(
      Array.from({ length: 8 }, (_, index) => index === 5),
    );
  });

  it('leaves the model alone where dynamic sampling has left no question', async () => {
    expect(await update(0, { scored: [] })).toMatchObject({ checkpoint, metrics: {}, steps: 0 });
    expect(recorded.inputsOf('trainPolicy')).toEqual([]);
  });

  it('takes every answer once an epoch, in mini-batches drawn for each round', async () => {
    await update(0);
    await update(0);
    await update(1);
    const drawn = recorded.inputsOf('trainPolicy').map(({ miniBatches }) => miniBatches);
    expect(drawn[0]?.map((batch) => batch.length)).toEqual([3, 3, 2, 3, 3, 2]);
    for (const start of [0, 3]) expect(timesTaken(drawn[0]?.slice(start, start + 3) ?? [])).toEqual(Array(8).fill(1));
    expect(drawn[0]?.slice(0, 3)).not.toEqual(drawn[0]?.slice(3));
    expect(drawn[1]).toEqual(drawn[0]);
    expect(drawn[2]).not.toEqual(drawn[0]);
  });

  it('goes on in the learning-rate schedule of all rounds, where the last one left it', async () => {
    for (const round of [0, 1, 2, 3]) await update(round);
    const rates = recorded.inputsOf('trainPolicy').flatMap((input) => input.optimiser.learningRates);
    // Six steps a round, four rounds.
    expect(rates).toEqual(Array.from({ length: 24 }, (_, step) => expect.closeTo(0.1 * (1 - step / 24), 12)));
  });

  it('leaves moments behind where the optimiser is to start afresh', async () => {
    await update(0, { freshOptimiser: true });
    expect(only(recorded.inputsOf('trainPolicy')).model).not.toHaveProperty('moments');
  });

  it('keeps what the engine made as a checkpoint, with its metrics and work', async () => {
    const result = await update(2);
    expect(result).toMatchObject({ metrics, steps: 6, checkpoint: { step: 13 } });
    expect(result.work).toEqual({ engineSeconds: 1, forwardTokens: 20, backwardTokens: 10, generatedTokens: 0 });
    const manifest = await readManifest(store, result.checkpoint);
    expect(Buffer.from(await store.getBytes(manifest.parameters)).toString()).toBe('parameters after 1 tasks');
    expect(manifest.randomKeys).toEqual({ seed, purpose: 'order-mini-batch', round: 2 });
    expect(manifest.tokenizer).toEqual((await readManifest(store, checkpoint)).tokenizer);
  });

  it('warms up once, in the first round, and ends its cosine in the last', async () => {
    const cosineOptimiser = { ...optimiser, schedule: 'cosine', warmUpSteps: 2 } as const;
    const change = { settings: { miniBatch: 4, ppoEpochs: 1, optimiser: cosineOptimiser }, rounds: 3 };
    for (const round of [0, 1, 2]) await update(round, change);
    const rates = recorded.inputsOf('trainPolicy').flatMap((input) => input.optimiser.learningRates);
    const cosine = [0, 1, 2, 3].map((step) => 0.05 * (1 + Math.cos((Math.PI * step) / 4)));
    expect(rates).toEqual([0.05, 0.1, ...cosine].map((rate) => expect.closeTo(rate, 12)));
  });

  it('refuses a sample of a question that the data set does not have', async () => {
    const strange = [await store.putLines([answer(4, 0, 1)])];
    await expect(update(0, { scored: strange })).rejects.toMatchObject({ name: 'InvalidData' });
    expect(recorded.inputsOf('trainPolicy')).toEqual([]);
  });
});

describe('trainOnSamples', () => {
  const settings = sampleTrainingSchema.parse({
    epochs: 2,
    questionsPerRound: 4,
    miniBatch: 2,
    epochsPerRound: 1,
    optimiser: { ...optimiser, schedule: 'linear' },
  });
  const learn = (round: number, annotatedShare: number, from = scored) =>
    createTrainOnSamples(recorded)({
      checkpoint,
      reference,
      train,
      scored: from,
      annotatedShare,
      settings,
      seed,
      round,
      rounds: 2,
      freshOptimiser: false,
    });

  it('looks at all samples under the reference, and tells what it saw', async () => {
    const result = await learn(0, 0.5);
    const { reference: warmUp, rollouts } = only(recorded.inputsOf('diagnoseRollouts'));
    expect(warmUp).toMatchObject({ parameters: 'reference parameters' });
    expect(rollouts).toHaveLength(8);
    expect(rollouts[2]).toEqual({ prompt: [101], answer: [10, 1], logProbs: [-0.5, -0.25] });
    expect(result.metrics).toEqual({ ...metrics, loss: 0.125, gradientNorm: 3 });
    expect(result.work.forwardTokens).toBe(2 * work.forwardTokens);
  });

  it('trains on right samples that end, and on the annotated answers of the same questions, each with its share', async () => {
    await learn(0, 0.5);
    const { batches } = only(recorded.inputsOf('trainSupervised'));
    expect(batches).toHaveLength(2);
    const questions = batches.map((batch) => [...new Set(batch.map(({ prompt }) => (prompt[0] ?? 0) - 100))].sort());
    expect(questions.flat().sort()).toEqual([0, 1, 2, 3]);
    const right = new Set(['100 0 1', '102 20 1']);
    const annotated = new Set(['100 0 1', '101 1 1 1', '102 2 2 2 1', '103 3 3 3 3 1']);
    for (const batch of batches) {
      const texts = batch.map(({ prompt, answer: tokens }) => [...prompt, ...tokens].join(' '));
      for (const text of texts) expect(right.has(text) || annotated.has(text), text).toBe(true);
      const weights = batch.map(({ answer: tokens, tokenWeight = 0 }) => tokens.length * tokenWeight);
      const learnt = texts.filter((text) => right.has(text)).length > 0;
      expect(sum(weights)).toBeCloseTo(learnt ? 1 : 0.5, 12);
    }
  });

  it('has expert iteration train on right samples alone, at the rates of the batches they are in', async () => {
    await learn(1, 0);
    const { batches, optimiser: used } = only(recorded.inputsOf('trainSupervised'));
    const texts = batches.flat().map(({ prompt, answer: tokens }) => [...prompt, ...tokens]);
    expect(texts.sort()).toEqual([
      [100, 0, 1],
      [102, 20, 1],
    ]);
    // Of two steps a round, those of the second; a batch without right samples has none.
    expect(used.learningRates).toHaveLength(batches.length);
    for (const rate of used.learningRates) expect([0.05, 0.025]).toContainEqual(rate);
  });

  it('goes by what is correct, whatever it earned', async () => {
    const [rightForLittle, wrongForMuch] = [answer(0, 0, 0.3, { correct: true }), answer(1, 0, 1, { correct: false })];
    await learn(0, 0, [await store.putLines([rightForLittle, wrongForMuch])]);
    const { batches } = only(recorded.inputsOf('trainSupervised'));
    expect(batches.flat().map(({ prompt }) => prompt)).toEqual([[100]]);
  });

  it('leaves the model alone where nothing is right, and still tells what it saw', async () => {
    const wrong = [await store.putLines([answer(0, 0, 0), answer(1, 0, 0.1)])];
    const result = await learn(0, 0, wrong);
    expect(result).toMatchObject({ checkpoint, steps: 0 });
    expect(result.metrics).toEqual(metrics);
    expect(result.work.forwardTokens).toBe(work.forwardTokens);
    expect(recorded.inputsOf('trainSupervised')).toEqual([]);
  });
});

describe('trainSupervised', () => {
  const epochs = 3;
  const trainEpoch = (epoch: number, purpose: 'order-warm-up' | 'order-sft' = 'order-sft') =>
    createTrainSupervised(recorded)({
      checkpoint,
      train,
      seed,
      purpose,
      epoch,
      epochs,
      batchSize: 3,
      optimiser: { ...optimiser, schedule: 'linear', warmUpSteps: 1 },
      freshOptimiser: epoch === 0,
    });

  it('takes every annotated answer once an epoch, in an order of its own, at rates over all epochs', async () => {
    for (const epoch of [0, 1, 2]) await trainEpoch(epoch);
    await trainEpoch(0, 'order-warm-up');
    const inputs = recorded.inputsOf('trainSupervised');
    const orders = inputs.map(({ batches }) => batches.flat().map(({ prompt }) => (prompt[0] ?? 0) - 100));
    for (const order of orders) expect([...order].sort()).toEqual([0, 1, 2, 3]);
    expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
    expect(inputs[0]?.batches.map((batch) => batch.length)).toEqual([3, 1]);
    for (const { prompt, answer: tokens } of inputs[0]?.batches.flat() ?? [])
      expect(tokens).toEqual(question((prompt[0] ?? 0) - 100).answerTokens);
    const rates = inputs.slice(0, 3).flatMap((input) => input.optimiser.learningRates);
    expect(rates).toEqual([0.1, 0.1, 0.08, 0.06, 0.04, 0.02].map((rate) => expect.closeTo(rate, 12)));
    expect(inputs.map(({ model }) => 'moments' in model)).toEqual([false, true, true, false]);
  });

  it('tells loss and gradient norm, and says in the checkpoint what its order was drawn for', async () => {
    const result = await trainEpoch(1);
    expect(result).toMatchObject({ loss: 0.125, gradientNorm: 3, steps: 2, checkpoint: { step: 8 } });
    const { randomKeys } = await readManifest(store, result.checkpoint);
    expect(randomKeys).toEqual({ seed, purpose: 'order-sft', epoch: 1 });
  });
});

describe('trainRewardModel', () => {
  const learn = (epoch: number, from = scored, on: Store = store) =>
    createTrainRewardModel({ ...recorded, store: on })({
      checkpoint,
      train,
      scored: from,
      rewardModel: { samplesPerQuestion: 2, epochs: 2, batchSize: 3, optimiser: { ...optimiser, schedule: 'linear' } },
      seed,
      epoch,
    });

  it('learns from every answer once an epoch, a question’s identical ones counting as one', async () => {
    const repeated = await store.putLines([answer(0, 0, 1), answer(0, 7, 1, { tokens: [0, 1] }), answer(1, 5, 1)]);
    const result = await learn(0, [...scored, repeated]);
    await learn(1, [...scored, repeated]);
    const [first, second] = recorded.inputsOf('trainRewardModel');
    const answersOf = (input: typeof first) =>
      input?.batches.flat().map(({ prompt, answer: tokens, correct }) => [...prompt, ...tokens, correct].join(' '));
    const all = ['100 0 1 true', '100 1 1 false', '101 10 1 false', '101 11 1 false', '101 15 1 true'];
    const more = ['102 20 1 true', '102 21 1 true', '103 30 1 false', '103 31 1 false'];
    expect(answersOf(first)?.sort()).toEqual([...all, ...more]);
    expect(answersOf(second)?.sort()).toEqual([...all, ...more]);
    expect(first?.batches).not.toEqual(second?.batches);
    const rates = [first, second].flatMap((input) => input?.optimiser.learningRates ?? []);
    expect(rates).toEqual(Array.from({ length: 6 }, (_, step) => expect.closeTo(0.1 * (1 - step / 6), 12)));
    expect([first, second].map((input) => input && 'moments' in input.model)).toEqual([false, true]);
    expect(result).toMatchObject({ loss: 0.5, accuracy: 0.75, steps: 3 });
  });

  it('has one shard’s texts and log-probabilities in memory at a time', async () => {
    let now = 0;
    let most = 0;
    const counting: Store = {
      ...store,
      async getLines(ref) {
        const isShard = scored.some(({ key }) => key === ref.key);
        now += isShard ? 1 : 0;
        most = Math.max(most, now);
        const lines = await store.getLines(ref);
        await new Promise(setImmediate);
        now -= isShard ? 1 : 0;
        return lines;
      },
    };
    await learn(0, scored, counting);
    expect(most).toBe(1);
  });
});
