/** Steps in half precision: gradients near those of float32, and the loss scale of float16. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OptimiserSettings } from '../../../../activities/engine/optim/index.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { createTrainer, type Trainer } from '../../../../activities/engine/training/trainer.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments } from '../runGraph.js';
import { trainingWithin } from '../support/budget.js';

const folder = await temporaryFolder();
const { config, batches, optimiser, parameters } = readFixture('llama-grouped');
const start = await writeModel(join(folder, 'start.safetensors'), config, decodeTensors(parameters));
const sequences = batches.flat();

type Sequences = typeof sequences;
const feedsOf = (batch: Sequences, answers = answerTokens(batch)) => supervisedFeeds(batch, answers);
const answerTokens = (batch: Sequences): number => batch.reduce((total, { answer }) => total + answer.length, 0);

const inHalf = (files: ModelFiles, precision: 'bfloat16' | 'float16'): ModelFiles => ({
  ...files,
  compute: { precision, recompute: false, attentionInBlocks: false },
});
const trainerOf = (files: ModelFiles, settings: OptimiserSettings = optimiser, usable?: number): Promise<Trainer> =>
  createTrainer(
    { objective: 'supervised', config: files.config, compute: files.compute },
    files,
    settings,
    undefined,
    usable === undefined ? usable : trainingWithin(usable),
  );

let saved = 0;
const save = (trainer: Trainer): Promise<ModelFiles> => trainer.save(join(folder, `saved-${saved++}`));
const read = async (file: string | undefined): Promise<Parameters> => (await readSafetensors(file ?? '')).tensors;

/** The first moments of one step without averaging or clipping are its gradients. */
async function gradientsOf(files: ModelFiles, parts = 1) {
  const trainer = await trainerOf(files, { ...optimiser, ...gradientsAsMoments }, 2 ** 27);
  const share = Math.ceil(sequences.length / parts);
  const groups = Array.from({ length: parts }, (_, part) => sequences.slice(part * share, (part + 1) * share));
  const metrics = await trainer.step(
    groups.map((group) => feedsOf(group, answerTokens(sequences))),
    1e-3,
  );
  const moments = await read((await save(trainer)).moments);
  return { metrics, gradients: new Map([...moments].filter(([name]) => name.startsWith('m.'))) };
}

const joined = (tensors: Parameters): number[] => [...tensors.values()].flatMap(({ data }) => [...data]);

describe.each([
  ['bfloat16', { loss: 2e-3, all: 2e-2, worst: 5e-2 }],
  ['float16', { loss: 2e-4, all: 3e-3, worst: 6e-3 }],
] as const)('%s', (precision, bounds) => {
  it.each([1, 3])('has the loss and the gradients of float32 within its rounding: %d micro-batches', async (parts) => {
    const expected = await gradientsOf(start);
    const found = await gradientsOf(inHalf(start, precision), parts);
    for (const name of ['loss', 'gradient_norm']) {
      const error = relativeError([found.metrics[name] ?? Number.NaN], [expected.metrics[name] ?? 0]);
      expect(error, name).toBeLessThan(bounds.loss);
    }
    const order = [...expected.gradients.keys()];
    const sorted = new Map(
      order.map((name) => [name, found.gradients.get(name) ?? { shape: [], data: new Float32Array() }]),
    );
    const error = relativeError(joined(sorted), joined(expected.gradients));
    expect(error).toBeLessThan(bounds.all);
    // Half precision it must be.
    expect(error).toBeGreaterThan(1e-5);
    for (const [name, { data }] of expected.gradients)
      expect(relativeError(sorted.get(name)?.data ?? [], data), name).toBeLessThan(bounds.worst);
  });
});

describe('the loss scale of float16', () => {
  const files = inHalf(start, 'float16');
  const batch = feedsOf(sequences);

  it.each([
    ['whole', [batch]],
    [
      'in micro-batches',
      [feedsOf(sequences.slice(0, 4), answerTokens(sequences)), feedsOf(sequences.slice(4), answerTokens(sequences))],
    ],
  ])('skips a step whose gradients overflow, and is halved: a batch %s', async (_, microBatches) => {
    const trained = await save(await oneStep(await trainerOf(files), [batch]));
    expect(trained.lossScale).toEqual({ scale: 2 ** 16, goodSteps: 1 });
    const scale = 2 ** 100;
    const trainer = await trainerOf({ ...trained, lossScale: { scale, goodSteps: 7 } });
    const { loss, gradient_norm } = await trainer.step(microBatches, 4e-3);
    expect(Number.isFinite(loss)).toBe(true);
    expect(gradient_norm).toBe(0);
    expect(trainer.scaling()).toEqual({ skippedSteps: 1, lossScale: scale / 2 });
    const after = await save(trainer);
    expect(after).toMatchObject({ step: 1, lossScale: { scale: scale / 2, goodSteps: 0 } });
    expect(await read(after.parameters)).toEqual(await read(trained.parameters));
    expect(await read(after.moments)).toEqual(await read(trained.moments));
  });

  it('changes no gradient: any power of two gives the same weights', async () => {
    const weights = async (scale: number) => {
      const trainer = await trainerOf({ ...(await fresh()), lossScale: { scale, goodSteps: 0 } });
      return read((await save(await oneStep(trainer, [batch]))).parameters);
    };
    const [small, large] = [await weights(2 ** 8), await weights(2 ** 12)];
    for (const [name, { data }] of small)
      expect(relativeError(large.get(name)?.data ?? [], data), name).toBeLessThan(1e-3);
  });

  it('is part of a checkpoint: training that is resumed ends in the same bytes', async () => {
    const overflowing = { scale: 2 ** 60, goodSteps: 0 };
    const begin = async (): Promise<Trainer> => trainerOf({ ...(await fresh()), lossScale: overflowing });
    const [through, interrupted] = [await begin(), await begin()];
    for (let step = 0; step < 60; step++) await through.step([batch], 4e-3);
    for (let step = 0; step < 30; step++) await interrupted.step([batch], 4e-3);
    const resumed = await trainerOf(await save(interrupted));
    for (let step = 30; step < 60; step++) await resumed.step([batch], 4e-3);
    const [whole, parts] = [await save(through), await save(resumed)];
    expect(whole.step).toBeGreaterThan(5);
    expect(whole.step).toBeLessThan(60);
    expect({ ...parts, parameters: '', moments: '' }).toEqual({ ...whole, parameters: '', moments: '' });
    expect(await read(parts.parameters)).toEqual(await read(whole.parameters));
    expect(await read(parts.moments)).toEqual(await read(whole.moments));
  });

  it('at its smallest, gradients that overflow are those of a training that diverged', async () => {
    const trainer = await trainerOf({ ...(await fresh()), lossScale: { scale: 1, goodSteps: 0 } });
    const weights = batch.weights.data as Float32Array;
    const exploding = {
      ...batch,
      weights: float32(
        weights.map((weight) => weight * 1e30),
        batch.weights.dims,
      ),
    };
    await expect(trainer.step([exploding], 4e-3)).rejects.toThrow(/gradient norm became (Infinity|NaN)/);
  });

  /** Moments of zeros, so that the files' loss scale counts. */
  async function fresh(): Promise<ModelFiles> {
    const zero = { ...optimiser, ...gradientsAsMoments };
    const trainer = await trainerOf(files, zero);
    return save(trainer);
  }

  async function oneStep(trainer: Trainer, microBatches: readonly (typeof batch)[]): Promise<Trainer> {
    await trainer.step(microBatches, 4e-3);
    return trainer;
  }
});
