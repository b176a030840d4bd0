/** A step on a batch that comes in micro-batches: gradients are summed, then clipped and applied. */
import type { Tensor } from 'onnxruntime-node';
import { createOptimiser, type OptimiserSettings } from '../optim/index.js';
import { placeZeros } from '../ort/placement.js';
import { float32 } from '../ort/tensors.js';
import { type FlatLayout, flatArray, groupsIn, groupsWith, tensorsIn } from './flatTensors.js';
import { gradientThreads } from './gradientThreads.js';
import { applyGraph, gradientPrefix, type UpdatedTensor } from './graphs.js';
import { dealToThreads } from './microBatches.js';
import { isScaled, type Training } from './objectives.js';
import { type Feeds, joinMetrics, type Metrics, runWithMetrics, updated, withPrefix } from './runGraph.js';
import { graphSession } from './sessions.js';
import { gradientSum, sumGradients } from './sumGradients.js';

/** @param scalars of the optimiser and of a scaled loss, as feeds. */
export type StepInPieces = (microBatches: readonly Feeds[], scalars: Feeds) => Promise<Metrics>;

/** What stays the same from step to step. */
export interface StepSettings {
  readonly training: Training;
  readonly optimiser: OptimiserSettings;
}

/** What is in training, as the graphs of a step take it. */
export interface InTraining {
  /** By the parameters' names. */
  readonly weights: Feeds;
  /** What the optimiser updates at once. */
  readonly targets: readonly UpdatedTensor[];
  /** Weights and state by the names of the targets: arrays to be updated in place. */
  readonly updated: Feeds;
  /** New arrays for gradients. */
  readonly newGradients: () => Gradients;
}

/** Gradients, by the parameters' names and by the targets'. */
interface Gradients {
  readonly tensors: Feeds;
  readonly targets: Feeds;
}

/** Every tensor by itself. @param weights in training, to be updated in place as `state` is. */
export function apart(targets: readonly UpdatedTensor[], weights: Feeds, state: Feeds): InTraining {
  const newGradients = () => {
    const tensors = Object.fromEntries(targets.map(({ name, shape }) => [name, zeros(shape)]));
    return { tensors, targets: tensors };
  };
  return { weights, targets, updated: { ...weights, ...state }, newGradients };
}

/** The tensors of a group together. */
export function together({ layout, weights, state }: FlatState): InTraining {
  const newGradients = () => {
    const array = flatArray(layout);
    return { tensors: tensorsIn(array, layout), targets: groupsIn(array, layout) };
  };
  return {
    weights: tensorsIn(weights, layout),
    targets: layout,
    updated: groupsOf({ layout, weights, state }),
    newGradients,
  };
}

/** One micro-batch after the other, every operator on all cores. */
export function stepsInTurn(
  settings: StepSettings,
  { weights, targets, updated: state, newGradients }: InTraining,
  frozen: Feeds,
): StepInPieces {
  const { training } = settings;
  /** Made at the first step. */
  let gradients: Gradients | undefined;
  return async (microBatches, scalars) => {
    if (gradients === undefined) {
      gradients = newGradients();
      await placeZeros(gradients.targets);
    }
    const sum = await gradientSum(training, microBatches.length);
    const metrics = await sumGradients(sum, { ...frozen, ...weights }, gradients.tensors, microBatches);
    return { ...metrics, ...(await apply(targets, settings, state, [gradients.targets], scalars)) };
  };
}

/** Weights in training and the optimiser's state, an array each; the state by its names. */
export interface FlatState {
  readonly layout: FlatLayout;
  readonly weights: ArrayBuffer;
  readonly state: Readonly<Record<string, ArrayBuffer>>;
}

/** Weights and state by the names of the groups. */
export function groupsOf({ layout, weights, state }: FlatState): Feeds {
  const named = Object.entries(state).map(([part, array]) =>
    withPrefix(`${part}.`, groupsIn(array, groupsWith(layout, part))),
  );
  return Object.assign(groupsIn(weights, layout), ...named);
}

/** As many micro-batches at once as there are worker threads, each on one core; the optimiser takes groups as one. */
export function stepsInThreads(
  settings: StepSettings,
  { layout, weights, state }: FlatState,
  workerThreads: number,
): StepInPieces {
  const { training } = settings;
  const groups = groupsOf({ layout, weights, state });
  const ownWeights = tensorsIn(weights, layout);
  const sumInThreads = gradientThreads(training, layout);
  let ownGradients: ArrayBuffer | undefined;
  return async (microBatches, scalars) => {
    ownGradients ??= flatArray(layout);
    const [own = [], ...shares] = dealToThreads(microBatches, workerThreads);
    const ownSum = await gradientSum(training, own.length, 1);
    const [others, ownMetrics] = await Promise.all([
      sumInThreads(weights, shares),
      sumGradients(ownSum, ownWeights, tensorsIn(ownGradients, layout), own),
    ]);
    const arrays = [ownGradients, ...others.map(({ gradients }) => gradients)];
    const gradients = arrays.map((array) => groupsIn(array, layout));
    const metrics = [ownMetrics, ...others.map((workerThread) => workerThread.metrics)];
    return {
      ...joinMetrics(metrics, ownSum.modelGraph.peaks),
      ...(await apply(layout, settings, groups, gradients, scalars)),
    };
  };
}

/** @param gradients of each worker thread; the first's array receives their sum. */
async function apply(
  trained: readonly UpdatedTensor[],
  { training, optimiser }: StepSettings,
  state: Feeds,
  gradients: readonly Feeds[],
  scalars: Feeds,
): Promise<Metrics> {
  const workerThreads = gradients.length;
  const targets = trained.map(({ name, shape, rule }) => ({ name, shape, rule }));
  const scaled = isScaled(training);
  const key = `apply ${JSON.stringify([workerThreads, scaled, createOptimiser(optimiser).key, optimiser.maxGradNorm, targets])}`;
  const { modelGraph, session } = await graphSession(key, () => applyGraph(targets, optimiser, workerThreads, scaled));
  const named = gradients.map((each, workerThread) => withPrefix(gradientPrefix(workerThread), each));
  const feeds: Record<string, Tensor> = Object.assign({}, state, scalars, ...named);
  return runWithMetrics(modelGraph, session, feeds, updated(workerThreads > 1 ? { ...state, ...named[0] } : state));
}

function zeros(shape: readonly number[]): Tensor {
  return float32(new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);
}
