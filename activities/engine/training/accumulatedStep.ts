/** A step on a batch that comes in micro-batches: gradients are summed, then clipped and applied. */
import type { Tensor } from 'onnxruntime-node';
import { createOptimiser, type OptimiserSettings } from '../optim/index.js';
import { float32 } from '../ort/tensors.js';
import { type FlatLayout, flatArray, groupsIn, groupsWith, tensorsIn } from './flatTensors.js';
import { gradientThreads } from './gradientThreads.js';
import { applyGraph, gradientPrefix, type UpdatedTensor } from './graphs.js';
import { dealToThreads } from './microBatches.js';
import type { Training } from './objectives.js';
import { type Feeds, joinMetrics, type Metrics, runWithMetrics, updated, withPrefix } from './runGraph.js';
import { graphSession } from './sessions.js';
import { gradientSum, sumGradients } from './sumGradients.js';

/** @param scalars of the optimiser, as feeds. */
export type StepInPieces = (microBatches: readonly Feeds[], scalars: Feeds) => Promise<Metrics>;

/** What stays the same from step to step. */
export interface StepSettings {
  readonly training: Training;
  readonly optimiser: OptimiserSettings;
}

/**
 * One micro-batch after the other, every operator on all cores.
 * @param weights in training, to be updated in place as `state` is.
 */
export function stepsInTurn(
  { training, optimiser }: StepSettings,
  trained: readonly UpdatedTensor[],
  weights: Feeds,
  state: Feeds,
  frozen: Feeds,
): StepInPieces {
  /** Made at the first step. */
  let gradients: Feeds | undefined;
  return async (microBatches, scalars) => {
    gradients ??= Object.fromEntries(trained.map(({ name, shape }) => [name, zeros(shape)]));
    const sum = await gradientSum(training, microBatches.length);
    const metrics = await sumGradients(sum, { ...frozen, ...weights }, gradients, microBatches);
    return { ...metrics, ...(await apply(trained, optimiser, { ...weights, ...state }, [gradients], scalars)) };
  };
}

/** Weights in training and the optimiser's state, an array each; the state by its names. */
export interface FlatState {
  readonly layout: FlatLayout;
  readonly weights: ArrayBuffer;
  readonly state: Readonly<Record<string, ArrayBuffer>>;
}

/** As many micro-batches at once as there are worker threads, each on one core; the optimiser takes groups as one. */
export function stepsInThreads(
  { training, optimiser }: StepSettings,
  { layout, weights, state }: FlatState,
  workerThreads: number,
): StepInPieces {
  const groups: Feeds = Object.assign(
    groupsIn(weights, layout),
    ...Object.entries(state).map(([part, array]) => withPrefix(`${part}.`, groupsIn(array, groupsWith(layout, part)))),
  );
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
      ...(await apply(layout, optimiser, groups, gradients, scalars)),
    };
  };
}

/** @param gradients of each worker thread; the first's array receives their sum. */
async function apply(
  trained: readonly UpdatedTensor[],
  optimiser: OptimiserSettings,
  state: Feeds,
  gradients: readonly Feeds[],
  scalars: Feeds,
): Promise<Metrics> {
  const workerThreads = gradients.length;
  const targets = trained.map(({ name, shape, rule }) => ({ name, shape, rule }));
  const key = `apply ${JSON.stringify([workerThreads, createOptimiser(optimiser).key, optimiser.maxGradNorm, targets])}`;
  const { modelGraph, session } = await graphSession(key, () => applyGraph(targets, optimiser, workerThreads));
  const named = gradients.map((each, workerThread) => withPrefix(gradientPrefix(workerThread), each));
  const feeds: Record<string, Tensor> = Object.assign({}, state, scalars, ...named);
  return runWithMetrics(modelGraph, session, feeds, updated(workerThreads > 1 ? { ...state, ...named[0] } : state));
}

function zeros(shape: readonly number[]): Tensor {
  return float32(new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);
}
