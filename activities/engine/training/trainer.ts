/**
 * A model in training: sessions of training graphs and the arrays they update in place.
 *
 * A batch that fits in memory is one graph run: forward, backward, clipping and AdamW. A larger one, and one of a small model, comes
 * in micro-batches, whose gradients are summed in place, by several worker threads at once where they can, before one more run clips and
 * applies them. A trainer owns its arrays until `save`.
 */
import { DivergedTraining, InvalidModel } from '../../errors.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { type AdamWOptions, adamWScalars } from '../optim/adamw.js';
import type { Optimiser } from '../optim/optimiser.js';
import { toHost } from '../ort/residentTensors.js';
import { placeOnDevice } from '../ort/runInPlace.js';
import { float32 } from '../ort/tensors.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { saveModel, takeModel } from '../weights/modelFiles.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';
import { mapState, stateFeeds, stepsInThreads, stepsInTurn } from './accumulatedStep.js';
import { layFlat } from './flatTensors.js';
import { updateGraph } from './graphs.js';
import type { TokenSequence } from './layout.js';
import { usableMemory } from './memory.js';
import { splitBatch } from './microBatches.js';
import { buildObjective, type Training } from './objectives.js';
import { type Feeds, type Metrics, runWithMetrics, updated } from './runGraph.js';
import { graphSession } from './sessions.js';
import { stepMemory } from './stepMemory.js';

export interface Trainer {
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
  /** Writes what was trained, and its moments, to a directory. The trainer must not step any more. */
  readonly save: (directory: string) => Promise<ModelFiles>;
}

/** Weights the files may lack (a head that training adds), made by `create`. */
export interface NewHead {
  readonly shapes: ParameterShapes;
  readonly create: (name: string, shape: readonly number[]) => Float32Array;
}

/**
 * @param usable bytes of memory that training may take.
 * @throws InvalidModel when the files lack a weight of the graph or have it in another shape.
 */
export async function createTrainer(
  training: Training,
  files: ModelFiles,
  options: AdamWOptions,
  head?: NewHead,
  usable = usableMemory(),
): Promise<Trainer> {
  const updateSession = () =>
    graphSession(`update ${JSON.stringify([options, training])}`, () => updateGraph(buildObjective(training), options));
  const { modelGraph: update } = await updateSession();
  const { parameters: shapes, frozen: frozenShapes } = update;
  const memory = stepMemory(training, update, usable);
  const taken = await takeModel(files);
  const parameters = new Map<string, NamedTensor>(taken.parameters);
  for (const [name, shape] of head?.shapes ?? [])
    if (head && !parameters.has(name)) parameters.set(name, { shape, data: head.create(name, shape) });
  checkShapes(files.parameters, parameters, shapes);
  checkShapes(files.parameters, taken.frozen, frozenShapes);
  const momentsOf = (old: Parameters | undefined): Parameters =>
    new Map([...parameters].map(([name, tensor]) => [name, old?.get(name) ?? zerosLike(tensor)]));
  const loaded = {
    weights: parameters,
    first: momentsOf(taken.moments?.first),
    second: momentsOf(taken.moments?.second),
  };
  const frozen = feedsOf(taken.frozen, frozenShapes);
  await placeOnDevice(frozen);

  const settings = { training, options, shapes };
  const flat = memory.workerThreads > 1 ? mapState(loaded, (tensors) => layFlat(tensors, shapes)) : undefined;
  const tensors = flat ? mapState(flat, (laid) => laid.tensors) : loaded;
  const named = mapState(tensors, (each) => feedsOf(each, shapes));
  const state = stateFeeds(named);
  const inPieces = flat
    ? stepsInThreads(
        settings,
        mapState(flat, (laid) => laid.array),
        memory.workerThreads,
      )
    : stepsInTurn(settings, named, frozen);
  const wholeBatch = async (feeds: Feeds, scalars: Feeds): Promise<Metrics> => {
    const { modelGraph, session } = await updateSession();
    return runWithMetrics(modelGraph, session, { ...frozen, ...state, ...feeds, ...scalars }, updated(state));
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
      const { weights, first, second } = tensors;
      return saveModel(directory, { config, parameters: weights, ...adapted, moments: { first, second }, step });
    },
  };
}

function checkShapes(file: string, found: Parameters, shapes: ParameterShapes): void {
  for (const [name, shape] of shapes) {
    const tensor = found.get(name);
    if (tensor?.shape.join() !== shape.join())
      throw new InvalidModel(
        `${file}: tensor ${name} is [${tensor?.shape.join(', ') ?? 'missing'}], training needs [${shape.join(', ')}]`,
      );
  }
}

/** Tensors by name, over the arrays as they are. */
function feedsOf(tensors: Parameters, names: ParameterShapes): Feeds {
  return Object.fromEntries(
    names.flatMap(([name, shape]) => {
      const tensor = tensors.get(name);
      return tensor ? [[name, float32(tensor.data, shape)]] : [];
    }),
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

/** The AdamW settings a training graph is built with, out of a task's optimiser. */
export function adamWOptions({ beta1, beta2, epsilon, weightDecay, maxGradNorm }: Optimiser): AdamWOptions {
  return { beta1, beta2, epsilon, weightDecay, maxGradNorm };
}

function zerosLike({ shape, data }: NamedTensor): NamedTensor {
  return { shape, data: new Float32Array(data.length) };
}
