/** A step on a batch that comes in micro-batches: gradients are summed, then clipped and applied. */
import type { Tensor } from 'onnxruntime-node';
import type { ParameterShapes } from '../models/languageModel.js';
import type { AdamWOptions } from '../optim/adamw.js';
import { flatArray, kindShapes, kindsIn, tensorsIn } from './flatTensors.js';
import { gradientThreads } from './gradientThreads.js';
import { applyGraph, gradientPrefix } from './graphs.js';
import { dealToThreads } from './microBatches.js';
import type { Training } from './objectives.js';
import { type Feeds, joinMetrics, type Metrics, runWithMetrics, updated, withPrefix } from './runGraph.js';
import { graphSession } from './sessions.js';
import { gradientSum, sumGradients } from './sumGradients.js';

/** @param scalars of `adamWScalars`. */
export type StepInPieces = (microBatches: readonly Feeds[], scalars: Feeds) => Promise<Metrics>;

/** What stays the same from step to step. */
export interface StepSettings {
  readonly training: Training;
  readonly options: AdamWOptions;
  /** Of what is trained. */
  readonly shapes: ParameterShapes;
}

/** Weights and moments, to be updated in place: by name, or as arrays from `flatArray`. */
export type State<Form> = Readonly<Record<'weights' | 'first' | 'second', Form>>;

export function mapState<From, To>(state: State<From>, change: (form: From) => To): State<To> {
  return { weights: change(state.weights), first: change(state.first), second: change(state.second) };
}

/** The inputs that updating graphs read and write: `<name>`, `m.<name>` and `v.<name>`. */
export function stateFeeds({ weights, first, second }: State<Feeds>): Feeds {
  return { ...weights, ...withPrefix('m.', first), ...withPrefix('v.', second) };
}

/** One micro-batch after the other, every operator on all cores. */
export function stepsInTurn(
  { training, options, shapes }: StepSettings,
  state: State<Feeds>,
  frozen: Feeds,
): StepInPieces {
  /** Made at the first step. */
  let gradients: Feeds | undefined;
  return async (microBatches, scalars) => {
    gradients ??= tensorsIn(flatArray(shapes), shapes);
    const sum = await gradientSum(training, microBatches.length);
    const metrics = await sumGradients(sum, { ...frozen, ...state.weights }, gradients, microBatches);
    return { ...metrics, ...(await apply(shapes, options, state, [gradients], scalars)) };
  };
}

/** As many micro-batches at once as there are worker threads, each on one core; AdamW takes all matrices as one, and all vectors. */
export function stepsInThreads(
  { training, options, shapes }: StepSettings,
  state: State<ArrayBuffer>,
  workerThreads: number,
): StepInPieces {
  const kinds = (array: ArrayBuffer): Feeds => kindsIn(array, shapes);
  const shapesOfKinds = kindShapes(shapes);
  const stateOfKinds = mapState(state, kinds);
  const weights = tensorsIn(state.weights, shapes);
  const sumInThreads = gradientThreads(training, shapes);
  let ownGradients: ArrayBuffer | undefined;
  return async (microBatches, scalars) => {
    ownGradients ??= flatArray(shapes);
    const [own = [], ...shares] = dealToThreads(microBatches, workerThreads);
    const ownSum = await gradientSum(training, own.length, 1);
    const [others, ownMetrics] = await Promise.all([
      sumInThreads(state.weights, shares),
      sumGradients(ownSum, weights, tensorsIn(ownGradients, shapes), own),
    ]);
    const gradients = [ownGradients, ...others.map((workerThread) => workerThread.gradients)].map(kinds);
    const metrics = [ownMetrics, ...others.map((workerThread) => workerThread.metrics)];
    return {
      ...joinMetrics(metrics, ownSum.modelGraph.peaks),
      ...(await apply(shapesOfKinds, options, stateOfKinds, gradients, scalars)),
    };
  };
}

/** @param gradients of each worker thread; the first's array receives their sum. */
async function apply(
  shapes: ParameterShapes,
  options: AdamWOptions,
  state: State<Feeds>,
  gradients: readonly Feeds[],
  scalars: Feeds,
): Promise<Metrics> {
  const workerThreads = gradients.length;
  const key = `apply ${JSON.stringify([workerThreads, options, shapes])}`;
  const { modelGraph, session } = await graphSession(key, () => applyGraph(shapes, options, workerThreads));
  const updates = stateFeeds(state);
  const named = gradients.map((each, workerThread) => withPrefix(gradientPrefix(workerThread), each));
  const feeds: Record<string, Tensor> = Object.assign({}, updates, scalars, ...named);
  return runWithMetrics(modelGraph, session, feeds, updated(workerThreads > 1 ? { ...updates, ...named[0] } : updates));
}
