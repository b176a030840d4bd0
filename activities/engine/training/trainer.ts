/**
 * A model in training: sessions of training graphs and the arrays they update in place.
 *
 * A batch that fits in memory is one graph run: forward, backward, clipping and update. A larger one, and one of a small model, comes
 * in micro-batches, whose gradients are summed in place, by several worker threads at once where they can, before one more run clips and
 * applies them. A trainer owns its arrays until `save`.
 */
import { DivergedTraining, InvalidModel } from '../../errors.js';
import { required } from '../../invariant.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { createOptimiser, type OptimiserSettings } from '../optim/index.js';
import type { Optimiser } from '../optim/optimiser.js';
import { toHost } from '../ort/residentTensors.js';
import { placeOnDevice } from '../ort/runInPlace.js';
import { float32 } from '../ort/tensors.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { saveModel, takeModel } from '../weights/modelFiles.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';
import { type FlatState, stepsInThreads, stepsInTurn } from './accumulatedStep.js';
import { type FlatLayout, flatLayout, groupsWith, layFlat } from './flatTensors.js';
import { stateShapes, type UpdatedTensor, updateGraph } from './graphs.js';
import type { TokenSequence } from './layout.js';
import { usableMemory } from './memory.js';
import { splitBatch } from './microBatches.js';
import { buildObjective, type Training } from './objectives.js';
import { type Feeds, type Metrics, runWithMetrics, updated } from './runGraph.js';
import { graphSession } from './sessions.js';
import { stepMemory } from './stepMemory.js';

export interface Trainer {
  /** Metrics of a step that are the largest of its tokens; all others are sums. */
  readonly peaks: readonly string[];
  /**
   * Indices of the sequences of each micro-batch that a batch is to be given in.
   * @throws InsufficientMemory when the longest sequence does not fit by itself.
   */
  readonly split: (batch: readonly TokenSequence[]) => readonly (readonly number[])[];
  /**
   * One optimiser step on a batch, given as its micro-batches: the graphs' data inputs, with weights that add up over the batch.
   * @returns the objective's metrics, `loss` and `gradient_norm` among them.
   * @throws DivergedTraining when loss or gradient norm is not finite; the files on disk are untouched by it.
   */
  readonly step: (microBatches: readonly Feeds[], learningRate: number) => Promise<Metrics>;
  /** Writes what was trained, and the optimiser's state, to a directory. The trainer must not step any more. */
  readonly save: (directory: string) => Promise<ModelFiles>;
}

/** Weights the files may lack (a head that training adds), made by `create`. */
export interface NewHead {
  readonly shapes: ParameterShapes;
  readonly create: (name: string, shape: readonly number[]) => Float32Array;
}

/**
 * @param usable bytes of memory that training may take.
 * @throws InvalidModel when the files lack a weight of the graph or have it in another shape, or when their state is that of
 * another optimiser.
 */
export async function createTrainer(
  training: Training,
  files: ModelFiles,
  settings: OptimiserSettings,
  head?: NewHead,
  usable = usableMemory(),
): Promise<Trainer> {
  const optimiser = createOptimiser(settings);
  const updateKey = `update ${JSON.stringify([optimiser.key, settings.maxGradNorm, training])}`;
  const updateSession = () => graphSession(updateKey, () => updateGraph(buildObjective(training), settings));
  const { modelGraph: update } = await updateSession();
  const memory = stepMemory(training, update, usable);
  const loaded = await loadTraining(files, optimiser, head);
  checkShapes(files.parameters, loaded.weights, update.parameters, 'training');
  checkShapes(files.parameters, loaded.frozen, update.frozen, 'training');
  const frozen = feedsOf(loaded.frozen, update.frozen);
  await placeOnDevice(frozen);

  const flat = memory.workerThreads > 1 ? flatten(loaded, flatLayout(update.parameters, optimiser)) : undefined;
  const { weights, state } = flat?.tensors ?? loaded;
  const [weightFeeds, stateFeeds] = [feedsOf(weights, update.parameters), feedsOf(state, update.state)];
  const changing = { ...weightFeeds, ...stateFeeds };
  const steps = { training, optimiser: settings };
  const inPieces = flat
    ? stepsInThreads(steps, flat.arrays, memory.workerThreads)
    : stepsInTurn(steps, targetsOf(optimiser, update.parameters), weightFeeds, stateFeeds, frozen);
  const wholeBatch = async (feeds: Feeds, scalars: Feeds): Promise<Metrics> => {
    const { modelGraph, session } = await updateSession();
    return runWithMetrics(modelGraph, session, { ...frozen, ...changing, ...feeds, ...scalars }, updated(changing));
  };

  let step = files.moments === undefined ? 0 : files.step;
  return {
    peaks: update.peaks,
    split: (batch) => splitBatch(batch, memory),
    step: async (microBatches, learningRate) => {
      step++;
      const scalars = Object.fromEntries(
        Object.entries(optimiser.scalars(learningRate, step)).map(([name, value]) => [
          name,
          float32(Float32Array.of(value), []),
        ]),
      );
      const [whole, ...more] = microBatches;
      const metrics = whole && more.length === 0 ? wholeBatch(whole, scalars) : inPieces(microBatches, scalars);
      return checkFinite(await metrics, step, learningRate);
    },
    save: async (directory) => {
      await toHost(changing);
      const { config, adapters } = files;
      const adapted = adapters && { adapted: { base: files.parameters, lora: adapters.lora } };
      return saveModel(directory, { config, parameters: weights, ...adapted, moments: state, step });
    },
  };
}

/** What is in training: weights and the optimiser's state, by their names. */
interface InTraining {
  readonly weights: Parameters;
  readonly state: Parameters;
}

/** The files' weights with the head that they may lack, and the state of all of them: zeros where the files have none. */
async function loadTraining(
  files: ModelFiles,
  optimiser: Optimiser,
  head: NewHead | undefined,
): Promise<InTraining & { readonly frozen: Parameters }> {
  const taken = await takeModel(files);
  if (files.moments !== undefined && taken.moments)
    checkState(files.moments, taken.moments, taken.parameters, optimiser);
  const weights = new Map<string, NamedTensor>(taken.parameters);
  if (head)
    for (const [name, shape] of head.shapes)
      if (!weights.has(name)) weights.set(name, { shape, data: head.create(name, shape) });
  const state = stateShapes(targetsOf(optimiser, shapesOf(weights))).map(
    ([name, shape]) => [name, taken.moments?.get(name) ?? zeros(shape)] as const,
  );
  return { weights, state: new Map(state), frozen: taken.frozen };
}

/** @throws InvalidModel when a state is not exactly the optimiser's for these weights. */
function checkState(file: string, found: Parameters, weights: Parameters, optimiser: Optimiser): void {
  const shapes = stateShapes(targetsOf(optimiser, shapesOf(weights)));
  checkShapes(file, found, shapes, 'the state of this optimiser');
  const known = new Set(shapes.map(([name]) => name));
  const foreign = [...found.keys()].find((name) => !known.has(name));
  if (foreign !== undefined) throw new InvalidModel(`${file}: tensor ${foreign} is no state of this optimiser`);
}

function shapesOf(tensors: Parameters): ParameterShapes {
  return Array.from(tensors, ([name, { shape }]) => [name, shape] as const);
}

function targetsOf({ ruleOf }: Optimiser, shapes: ParameterShapes): readonly UpdatedTensor[] {
  return shapes.map(([name, shape]) => ({ name, shape, rule: ruleOf(name, shape) }));
}

/** Copies what is in training into arrays that are laid out flat; tensors that have no place there stay where they are. */
function flatten(
  { weights, state }: InTraining,
  layout: FlatLayout,
): { readonly arrays: FlatState; readonly tensors: InTraining } {
  const laid = layFlat(weights, layout);
  const parts = [...new Set(layout.flatMap(({ rule }) => rule.state))].map(
    (part) => [part, layFlat(state, groupsWith(layout, part), `${part}.`)] as const,
  );
  return {
    arrays: {
      layout,
      weights: laid.array,
      state: Object.fromEntries(parts.map(([part, { array }]) => [part, array])),
    },
    tensors: {
      weights: new Map([...weights, ...laid.tensors]),
      state: new Map([...state, ...parts.flatMap(([, { tensors }]) => [...tensors])]),
    },
  };
}

function checkShapes(file: string, found: Parameters, shapes: ParameterShapes, need: string): void {
  for (const [name, shape] of shapes) {
    const tensor = found.get(name);
    if (tensor?.shape.join() !== shape.join())
      throw new InvalidModel(
        `${file}: tensor ${name} is [${tensor?.shape.join(', ') ?? 'missing'}], ${need} needs [${shape.join(', ')}]`,
      );
  }
}

/** Tensors by name, over the arrays as they are. */
function feedsOf(tensors: Parameters, names: ParameterShapes): Feeds {
  return Object.fromEntries(
    names.map(([name, shape]) => [name, float32(required(tensors.get(name), `tensor ${name}`).data, shape)]),
  );
}

function checkFinite(metrics: Metrics, step: number, learningRate: number): Metrics {
  for (const name of ['loss', 'gradient_norm'])
    if (!Number.isFinite(metrics[name]))
      throw new DivergedTraining(
        `${name.replace('_', ' ')} became ${metrics[name]} at update ${step} (learning rate ${learningRate}): lower the learning rate or the clip norm`,
      );
  return metrics;
}

function zeros(shape: readonly number[]): NamedTensor {
  return { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
}
