/** Muon against its formula in plain numbers: by itself, and as one step of training in one thread and in several. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOptimiser, type OptimiserSettings } from '../../../../activities/engine/optim/index.js';
import { createInPlaceSession, runInPlace } from '../../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { maxWorkerThreads } from '../../../../activities/engine/threads/workerThreads.js';
import { applyGraph } from '../../../../activities/engine/training/graphs.js';
import type { MemoryBudget } from '../../../../activities/engine/training/memoryBudget.js';
import { metricOf } from '../../../../activities/engine/training/runGraph.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { allAt, at, required } from '../../../../activities/invariant.js';
import { resolveSpec } from '../../../../workflows/config/resolve.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments } from '../runGraph.js';
import { trainingWithin } from '../support/budget.js';

const settings = {
  name: 'muon',
  momentum: 0.95,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 0.5,
} as const satisfies OptimiserSettings;
const learningRate = 4e-3;
/** So large that a step is as large as the weights: an error in its direction is one in theirs. */
const largeRate = 1;

type Matrix = readonly (readonly number[])[];

const rowsOf = (data: ArrayLike<number>, columns: number): Matrix =>
  Array.from({ length: data.length / columns }, (_, row) =>
    Array.from({ length: columns }, (_unused, column) => at(data, row * columns + column)),
  );
const transposed = (a: Matrix): Matrix => at(a, 0).map((_, column) => a.map((row) => at(row, column)));
const product = (a: Matrix, b: Matrix): Matrix => {
  const columns = transposed(b);
  return a.map((row) => columns.map((column) => row.reduce((sum, value, index) => sum + value * at(column, index), 0)));
};
const combined = (...terms: readonly (readonly [number, Matrix])[]): Matrix =>
  at(terms, 0)[1].map((row, i) =>
    row.map((_, j) => terms.reduce((sum, [factor, matrix]) => sum + factor * at(at(matrix, i), j), 0)),
  );

/** Five steps of the iteration, from the matrix as it lies: a tall one has the larger product here. */
function orthogonalised(matrix: Matrix): Matrix {
  const norm = Math.sqrt(matrix.flat().reduce((sum, value) => sum + value * value, 0));
  let x = combined([1 / (norm + 1e-7), matrix]);
  for (let step = 0; step < 5; step++) {
    const once = product(product(x, transposed(x)), x);
    x = combined([3.4445, x], [-4.775, once], [2.0315, product(product(x, transposed(x)), once)]);
  }
  return x;
}

/** One update by the formula. */
function expectedUpdate(parameter: Matrix, momentum: Matrix, gradient: Matrix, clip: number, rate: number) {
  const sum = combined([settings.momentum, momentum], [clip, gradient]);
  const direction = orthogonalised(combined([clip, gradient], [settings.momentum, sum]));
  const scale = 0.2 * Math.sqrt(Math.max(parameter.length, at(parameter, 0).length));
  const decay = 1 - rate * settings.weightDecay;
  return { parameter: combined([decay, parameter], [-rate * scale, direction]), momentum: sum };
}

it.each([
  [6, 4],
  [4, 6],
  [5, 5],
])('has the formula’s numbers over three updates: [%i, %i]', async (rows, columns) => {
  const optimiser = createOptimiser(settings);
  const [name, shape] = ['layers.0.mlp.up_proj.weight', [rows, columns]];
  const { graph } = applyGraph([{ name, shape, rule: optimiser.ruleOf(name, shape) }], settings);
  const numbers = (seed: number) =>
    float32(
      Float32Array.from({ length: rows * columns }, (_, index) => Math.sin(seed + 7 * index * index)),
      shape,
    );
  const [parameter, momentum] = [numbers(1), float32(new Float32Array(rows * columns), shape)];
  const state = { [name]: parameter, [`momentum.${name}`]: momentum };
  const valuesOf = ({ data }: { readonly data: unknown }) => data as Float32Array;
  let expected = {
    parameter: rowsOf(valuesOf(parameter), columns),
    momentum: rowsOf(valuesOf(momentum), columns),
  };
  const session = await createInPlaceSession(graph);
  for (const step of [1, 2, 3]) {
    const gradient = numbers(10 * step);
    const norm = float32(new Float32Array(1), []);
    const scalars = Object.entries(optimiser.scalars(largeRate, step));
    await runInPlace(
      session,
      {
        ...state,
        [`g0.${name}`]: gradient,
        ...Object.fromEntries(scalars.map(([key, value]) => [key, float32(Float32Array.of(value), [])])),
      },
      {
        ...Object.fromEntries(Object.entries(state).map(([key, tensor]) => [`updated.${key}`, tensor])),
        gradient_norm: norm,
      },
    );
    const clip = Math.min(1, settings.maxGradNorm / (at(valuesOf(norm), 0) + 1e-6));
    expect(clip).toBeLessThan(1);
    expected = expectedUpdate(
      expected.parameter,
      expected.momentum,
      rowsOf(valuesOf(gradient), columns),
      clip,
      largeRate,
    );
  }
  await session.release();
  expect(relativeError(valuesOf(parameter), expected.parameter.flat())).toBeLessThan(1e-6);
  expect(relativeError(valuesOf(momentum), expected.momentum.flat())).toBeLessThan(1e-6);
});

const { config, batches, parameters } = readFixture('llama-grouped');
const sequences = new Array(8).fill(batches.flat()).flat();
const folder = await temporaryFolder();

/** One step on all sequences; the trained weights, and the optimiser's state. */
async function oneStep(place: string, optimiser: OptimiserSettings, budget?: MemoryBudget) {
  const model = await writeModel(join(folder, `${place}.safetensors`), config, decodeTensors(parameters));
  const trainer = await createTrainer({ objective: 'supervised', config }, model, optimiser, undefined, budget);
  const answers = sequences.reduce((total, { answer }) => total + answer.length, 0);
  const microBatches = trainer.split(sequences).map((group) => supervisedFeeds(allAt(sequences, group), answers));
  const metrics = await trainer.step(microBatches, learningRate);
  const files = await trainer.save(join(folder, place));
  const read = async (file: string | undefined): Promise<Parameters> =>
    (await readSafetensors(required(file, 'a file'))).tensors;
  return {
    microBatches: microBatches.length,
    norm: metricOf(metrics, 'gradient_norm'),
    weights: await read(files.parameters),
    state: await read(files.moments),
  };
}

const isHidden = (name: string): boolean => /\.layers\..*_proj\.weight$/.test(name);

describe.each([
  ['in worker threads, where there are cores for them', undefined],
  // Bytes: plenty for this model, but no worker thread has a place in it.
  ['in one thread', trainingWithin(2 ** 27)],
])('one step of training %s', (place, budget) => {
  it('is Muon’s for hidden matrices and AdamW’s for everything else', async () => {
    const { state: gradients, norm } = await oneStep(`gradients ${place}`, gradientsAsMoments, budget);
    const clip = Math.min(1, settings.maxGradNorm / (norm + 1e-6));
    const { momentum: _, ...options } = settings;
    const plain = await oneStep(`adamw ${place}`, { ...options, name: 'adamw' }, budget);
    const { weights, state, microBatches } = await oneStep(`muon ${place}`, settings, budget);
    expect(microBatches > 1).toBe(budget === undefined && maxWorkerThreads() > 1);
    let hidden = 0;
    for (const [name, { shape, data }] of decodeTensors(parameters)) {
      const actual = required(weights.get(name), name).data;
      if (!isHidden(name)) {
        expect(relativeError(actual, required(plain.weights.get(name), name).data), name).toBeLessThan(1e-6);
        continue;
      }
      hidden++;
      const columns = at(shape, 1);
      const gradient = required(gradients.get(`m.${name}`), name).data;
      const zeros = new Float32Array(data.length);
      const expected = expectedUpdate(
        rowsOf(data, columns),
        rowsOf(zeros, columns),
        rowsOf(gradient, columns),
        clip,
        learningRate,
      );
      expect(relativeError(actual, expected.parameter.flat()), name).toBeLessThan(1e-6);
      expect(relativeError(required(state.get(`momentum.${name}`), name).data, expected.momentum.flat())).toBeLessThan(
        1e-6,
      );
    }
    expect(hidden).toBeGreaterThan(10);
    const names = [...weights.keys()];
    expect([...state.keys()].sort()).toEqual(
      names.flatMap((name) => (isHidden(name) ? [`momentum.${name}`] : [`m.${name}`, `v.${name}`])).sort(),
    );
  });
});

it('is what a specification asks for by name', () => {
  const optimiser = { name: 'muon', momentum: 0.9 };
  const spec = resolveSpec({ preset: 'demo', warmUp: { optimiser } });
  expect(spec.warmUp.optimiser).toMatchObject({ ...optimiser, beta2: 0.98, learningRate: 4e-3 });
  expect(() => resolveSpec({ preset: 'demo', warmUp: { optimiser: { name: 'adam' } } })).toThrow(
    /warmUp\.optimiser\.name: got "adam", allowed: .*"adamw".*"muon"/,
  );
});
