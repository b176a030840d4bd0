/**
 * A model in training: sessions of training graphs and the arrays they update in place.
 *
 * A batch that fits in memory is one graph run: forward, backward, clipping and update. A larger one, and one of a small model, comes
 * in micro-batches, whose gradients are summed in place, by several worker threads at once where they can, before one more run clips and
 * applies them. So does every batch on a device that likes flat updates. A trainer owns its arrays until `save`.
 */
import type { Tensor } from 'onnxruntime-node';
import { DivergedTraining, InvalidModel } from '../../errors.js';
import { required } from '../../invariant.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { createOptimiser, type OptimiserSettings } from '../optim/index.js';
import { firstLossScale, nextLossScale, smallestLossScale } from '../optim/lossScale.js';
import type { Optimiser } from '../optim/optimiser.js';
import { chosenDevice } from '../ort/devices.js';
import { placeOnDevice, toHost } from '../ort/placement.js';
import { float32 } from '../ort/tensors.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { saveModel, takeModel } from '../weights/modelFiles.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';
import { apart, type FlatState, stepsInThreads, stepsInTurn, together } from './accumulatedStep.js';
import { type FlatLayout, flatLayout, groupsWith, layFlat } from './flatTensors.js';
import { lossScaleInput, stateShapes, type UpdatedTensor } from './graphs.js';
import type { TokenSequence } from './layout.js';
import { machineBudget } from './memoryBudget.js';
import { splitBatch } from './microBatches.js';
import { buildUpdate, isScaled, type Training } from './objectives.js';
import { type Feeds, type Metrics, runWithMetrics, updated } from './runGraph.js';
import { graphSession } from './sessions.js';
import { stepGraphs, stepMemory } from './stepMemory.js';

/** Floats: where the optimiser's tensors start on a device, whose kernels read several numbers at once. */
const deviceAlignment = 64;

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
   *
   * In float16 a step whose gradients overflow is skipped: nothing changes but the loss scale.
   * @returns the objective's metrics, `loss` and `gradient_norm` among them; the norm of a step that was skipped is 0.
   * @throws DivergedTraining when loss or gradient norm is not finite; the files on disk are untouched by it.
   */
  readonly step: (microBatches: readonly Feeds[], learningRate: number) => Promise<Metrics>;
  /** In float16: how many steps were skipped, and the loss scale now. */
  readonly scaling: () => ScalingMetrics;
  /** Writes what was trained, and the optimiser's state, to a directory. The trainer must not step any more. */
  readonly save: (directory: string) => Promise<ModelFiles>;
}

/** Empty but in float16. */
export type ScalingMetrics = { readonly [Name in 'skippedSteps' | 'lossScale']?: number };

/** Weights the files may lack (a head that training adds), made by `create`. */
export interface NewHead {
  readonly shapes: ParameterShapes;
  readonly create: (name: string, shape: readonly number[]) => Float32Array;
}

/**
 * @param budget left out: this machine's, as if nothing had been planned.
 * @throws InvalidModel when the files lack a weight of the graph or have it in another shape, or when their state is that of
 * another optimiser.
 */
export async function createTrainer(
  training: Training,
  files: ModelFiles,
  settings: OptimiserSettings,
  head?: NewHead,
  budget = machineBudget(),
): Promise<Trainer> {
  const optimiser = createOptimiser(settings);
  const updateKey = `update ${JSON.stringify([optimiser.key, settings.maxGradNorm, training])}`;
  const updateSession = () => graphSession(updateKey, () => buildUpdate(training, settings));
  const { modelGraph: update } = await updateSession();
  const memory = stepMemory(stepGraphs(training, update), budget);
  const loaded = await loadTraining(files, optimiser, head);
  checkShapes(files.parameters, loaded.weights, update.parameters, 'training');
  checkShapes(files.parameters, loaded.frozen, update.frozen, 'training');
  const frozen = feedsOf(loaded.frozen, update.frozen);
  await placeOnDevice(frozen);

  const { flatUpdates } = chosenDevice().preferences;
  const inThreads = memory.workerThreads > 1;
  const layout = () => flatLayout(update.parameters, optimiser, flatUpdates ? deviceAlignment : undefined);
  const flat = inThreads || flatUpdates ? flatten(loaded, layout()) : undefined;
  const { weights, state } = flat?.tensors ?? loaded;
  const [weightFeeds, stateFeeds] = [feedsOf(weights, update.parameters), feedsOf(state, update.state)];
  const changing = { ...weightFeeds, ...stateFeeds };
  const held = flat ? together(flat.arrays) : apart(targetsOf(optimiser, update.parameters), weightFeeds, stateFeeds);
  await placeOnDevice(held.updated);
  const steps = { training, optimiser: settings };
  const inPieces =
    flat && inThreads ? stepsInThreads(steps, flat.arrays, memory.workerThreads) : stepsInTurn(steps, held, frozen);
  const wholeBatch = async (feeds: Feeds, scalars: Feeds): Promise<Metrics> => {
    const { modelGraph, session } = await updateSession();
    return runWithMetrics(modelGraph, session, { ...frozen, ...changing, ...feeds, ...scalars }, updated(changing));
  };

  const isNew = files.moments === undefined;
  let step = isNew ? 0 : files.step;
  let lossScale = isScaled(training) ? ((isNew ? undefined : files.lossScale) ?? firstLossScale) : undefined;
  let skippedSteps = 0;
  const take = (microBatches: readonly Feeds[], learningRate: number): Promise<Metrics> => {
    const scaling: Feeds = lossScale ? { [lossScaleInput]: scalar(lossScale.scale) } : {};
    const own = Object.entries(optimiser.scalars(learningRate, step + 1)).map(([name, value]) => [name, scalar(value)]);
    const scalars: Feeds = { ...Object.fromEntries(own), ...scaling };
    const [whole, ...more] = microBatches;
    if (whole && more.length === 0 && !flatUpdates) return wholeBatch(whole, scalars);
    return inPieces(lossScale ? microBatches.map((feeds) => ({ ...feeds, ...scaling })) : microBatches, scalars);
  };
  return {
    peaks: update.peaks,
    split: (batch) => splitBatch(batch, memory),
    step: async (microBatches, learningRate) => {
      const metrics = await take(microBatches, learningRate);
      if (lossScale) {
        const isGood = Number.isFinite(metrics.gradient_norm);
        const isLast = lossScale.scale <= smallestLossScale;
        if (!isGood && !isLast && Number.isFinite(metrics.loss)) {
          lossScale = nextLossScale(lossScale, false);
          skippedSteps++;
          return { ...metrics, gradient_norm: 0 };
        }
        lossScale = nextLossScale(lossScale, isGood);
      }
      step++;
      return checkFinite(metrics, step, learningRate);
    },
    scaling: () => (lossScale ? { skippedSteps, lossScale: lossScale.scale } : {}),
    save: async (directory) => {
      await toHost(changing);
      const { config, adapters } = files;
      const { compute } = training;
      return saveModel(directory, {
        config,
        parameters: weights,
        ...(adapters ? { adapted: { base: files.parameters, lora: adapters.lora } } : {}),
        moments: state,
        step,
        ...(compute ? { compute } : {}),
        ...(lossScale ? { lossScale } : {}),
      });
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

function scalar(value: number): Tensor {
  return float32(Float32Array.of(value), []);
}

function zeros(shape: readonly number[]): NamedTensor {
  return { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
}
