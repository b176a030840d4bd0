/**
 * A model in training: sessions of training programs and the arrays they update in place.
 *
 * A batch that fits in memory is one graph run: forward, backward, clipping and AdamW. A larger one comes in micro-batches, whose
 * gradients are summed in place before one more run clips and applies them. A trainer owns its arrays until `save`.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelFiles, Optimiser, TokenSequence } from '../api.js';
import { type AdamWOptions, adamWScalars } from '../graph/adamw.js';
import type { ParameterShapes } from '../models/languageModel.js';
import type { NamedTensor, Parameters } from '../parameters.js';
import { DivergedTraining, InvalidModel } from '../runtime/errors.js';
import { saveModel, takeModel } from '../runtime/modelCache.js';
import { changedOnHost, toHost } from '../runtime/residentTensors.js';
import { placeOnDevice, runInPlace } from '../runtime/runInPlace.js';
import { float32 } from '../runtime/tensors.js';
import { usableMemory } from './memory.js';
import { splitBatch } from './microBatches.js';
import { accumulateProgram, applyProgram, type Objective, type Program, updateProgram } from './programs.js';
import { programSession } from './sessions.js';
import { stepMemory } from './stepMemory.js';

export type Feeds = Readonly<Record<string, Tensor>>;
export type Metrics = Readonly<Record<string, number>>;

export interface Trainer {
  /**
   * Indices of the sequences of each micro-batch that a batch is to be given in.
   * @throws InsufficientMemory when the longest sequence does not fit by itself.
   */
  readonly split: (batch: readonly TokenSequence[]) => readonly (readonly number[])[];
  /**
   * One optimiser step on a batch, given as its micro-batches: the programs' data inputs, with weights that add up over the batch.
   * @returns the objective's metrics, `loss` and `gradient_norm` among them.
   * @throws DivergedTraining when loss or gradient norm is not finite; the files on disk are untouched by it.
   */
  readonly step: (microBatches: readonly Feeds[], learningRate: number) => Promise<Metrics>;
  /** Writes what was trained, and its moments, to a directory. The trainer must not step any more. */
  readonly save: (directory: string) => Promise<ModelFiles>;
}

/** What is trained: `build` gives a new objective each time, `key` says everything it is built from. */
export interface Training {
  readonly key: string;
  readonly build: () => Objective;
}

/** Weights the files may lack (a head that training adds), made by `create`. */
export interface NewHead {
  readonly shapes: ParameterShapes;
  readonly create: (name: string, shape: readonly number[]) => Float32Array;
}

/**
 * @param usable bytes of memory that training may take.
 * @throws InvalidModel when the files lack a weight of the program or have it in another shape.
 */
export async function createTrainer(
  { key, build }: Training,
  files: ModelFiles,
  options: AdamWOptions,
  head?: NewHead,
  usable = usableMemory(),
): Promise<Trainer> {
  const updateKey = `update ${JSON.stringify(options)} ${key}`;
  const update = await programSession(updateKey, () => updateProgram(build(), options));
  const { parameters: shapes, frozen: frozenShapes } = update.program;
  const taken = await takeModel(files);
  const parameters = new Map<string, NamedTensor>(taken.parameters);
  for (const [name, shape] of head?.shapes ?? [])
    if (head && !parameters.has(name)) parameters.set(name, { shape, data: head.create(name, shape) });
  const momentsOf = (old: Parameters | undefined): Parameters =>
    new Map([...parameters].map(([name, tensor]) => [name, old?.get(name) ?? zerosLike(tensor)]));
  const first = momentsOf(taken.moments?.first);
  const second = momentsOf(taken.moments?.second);

  const tensorsOf = (source: Parameters, prefix: string, names: ParameterShapes = shapes): Record<string, Tensor> =>
    Object.fromEntries(
      names.map(([name, shape]) => [prefix + name, weightTensor(files.parameters, source, name, shape)]),
    );
  const weights = tensorsOf(parameters, '');
  const frozen = tensorsOf(taken.frozen, '', frozenShapes);
  await placeOnDevice(frozen);
  const state = { ...weights, ...tensorsOf(first, 'm.'), ...tensorsOf(second, 'v.') };

  const memory = stepMemory(update.program, build, usable);

  /** Made when the first batch comes in pieces. */
  let sums: Parameters | undefined;
  const wholeBatch = async (feeds: Feeds, scalars: Feeds): Promise<Metrics> => {
    const { program, session } = await programSession(updateKey, () => updateProgram(build(), options));
    return runWithMetrics(program, session, { ...frozen, ...state, ...feeds, ...scalars }, updated(state));
  };
  const inPieces = async (microBatches: readonly Feeds[], scalars: Feeds): Promise<Metrics> => {
    sums ??= new Map(shapes.map(([name, shape]) => [name, { shape, data: new Float32Array(elements(shape)) }]));
    for (const { data } of sums.values()) data.fill(0);
    const gradients = tensorsOf(sums, 'g.');
    changedOnHost(gradients);
    const totals: Record<string, number> = {};
    for (const feeds of microBatches) {
      const { program, session } = await programSession(`accumulate ${key}`, () => accumulateProgram(build()));
      const inputs = { ...frozen, ...weights, ...gradients, ...feeds };
      const metrics = await runWithMetrics(program, session, inputs, updated(gradients));
      for (const [name, value] of Object.entries(metrics)) {
        const before = totals[name];
        if (before === undefined) totals[name] = value;
        else totals[name] = program.peaks.includes(name) ? Math.max(before, value) : before + value;
      }
    }
    const { program, session } = await programSession(`apply ${updateKey}`, () => applyProgram(shapes, options));
    const inputs = { ...state, ...gradients, ...scalars };
    return { ...totals, ...(await runWithMetrics(program, session, inputs, updated(state))) };
  };

  let step = files.moments === undefined ? 0 : files.step;
  return {
    split: (batch) => splitBatch(batch, memory),
    step: async (microBatches, learningRate) => {
      step++;
      const scalars = Object.fromEntries(
        Object.entries(adamWScalars(options, learningRate, step)).map(([name, value]) => [
          name,
          float32(Float32Array.of(value), []),
        ]),
      );
      const [whole, ...more] = microBatches;
      const metrics = whole && more.length === 0 ? wholeBatch(whole, scalars) : inPieces(microBatches, scalars);
      return checkFinite(await metrics, step, learningRate);
    },
    save: async (directory) => {
      await toHost(state);
      const { config, adapters } = files;
      const adapted = adapters && { adapted: { base: files.parameters, lora: adapters.lora } };
      return saveModel(directory, { config, parameters, ...adapted, moments: { first, second }, step });
    },
  };
}

function weightTensor(file: string, source: Parameters, name: string, shape: readonly number[]): Tensor {
  const tensor = source.get(name);
  if (!tensor || tensor.shape.join() !== shape.join())
    throw new InvalidModel(
      `${file}: tensor ${name} is [${tensor?.shape.join(', ') ?? 'missing'}], training needs [${shape.join(', ')}]`,
    );
  return float32(tensor.data, shape);
}

/** The outputs that write into these inputs. */
function updated(inputs: Feeds): Feeds {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [`updated.${name}`, tensor]));
}

async function runWithMetrics(
  program: Program,
  session: InferenceSession,
  feeds: Feeds,
  results: Feeds,
): Promise<Metrics> {
  const values = program.metrics.map((name) => [name, new Float32Array(1)] as const);
  const metrics = Object.fromEntries(values.map(([name, data]) => [name, float32(data, [])]));
  await runInPlace(session, feeds, { ...results, ...metrics });
  return Object.fromEntries(values.map(([name, [value = Number.NaN]]) => [name, value]));
}

function checkFinite(metrics: Metrics, step: number, learningRate: number): Metrics {
  for (const name of ['loss', 'gradient_norm'])
    if (!Number.isFinite(metrics[name]))
      throw new DivergedTraining(
        `${name.replace('_', ' ')} became ${metrics[name]} at update ${step} (learning rate ${learningRate}): lower the learning rate or the clip norm`,
      );
  return metrics;
}

/** The AdamW settings a training graph is built with, out of a task's optimiser. */
export function adamWOptions({ beta1, beta2, epsilon, weightDecay, clipNorm }: Optimiser): AdamWOptions {
  return { beta1, beta2, epsilon, weightDecay, clipNorm };
}

/** Scores given data with a program without gradients. `results` receive its outputs. */
export async function runProgram(
  program: Program,
  session: InferenceSession,
  parameters: ReadonlyMap<string, NamedTensor>,
  feeds: Readonly<Record<string, Tensor>>,
  results: Readonly<Record<string, Tensor>>,
): Promise<void> {
  const weights = Object.fromEntries(
    program.parameters.map(([name, shape]) => {
      const tensor = parameters.get(name);
      if (!tensor) throw new InvalidModel(`the model has no tensor ${name}`);
      return [name, float32(tensor.data, shape)];
    }),
  );
  await placeOnDevice(weights);
  await runInPlace(session, { ...weights, ...feeds }, results);
}

function zerosLike({ shape, data }: NamedTensor): NamedTensor {
  return { shape, data: new Float32Array(data.length) };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
