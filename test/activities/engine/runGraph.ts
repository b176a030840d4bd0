/** Runs the engine's training graphs on fixtures, one plain onnxruntime call a step. */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { serialise } from '../../../activities/engine/graph/onnx/serialise.js';
import { createOptimiser, type OptimiserSettings } from '../../../activities/engine/optim/index.js';
import { createSession } from '../../../activities/engine/ort/session.js';
import type { ModelGraph } from '../../../activities/engine/training/graphs.js';
import type { NamedTensor, Parameters } from '../../../activities/engine/weights/parameters.js';

export type Feeds = Readonly<Record<string, Tensor>>;

/** Options under which a step's first moments are its gradients: no averaging, no clipping. */
export const gradientsAsMoments: OptimiserSettings = {
  name: 'adamw',
  beta1: 0,
  beta2: 0,
  epsilon: 1,
  weightDecay: 0,
  maxGradNorm: 1e30,
};

export interface TrainingState {
  readonly parameters: Parameters;
  readonly first: Parameters;
  readonly second: Parameters;
}

export interface StepResult {
  readonly state: TrainingState;
  /** The graph's rank-0 outputs. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Runs a graph once and reads every output, in floats. */
export async function runOnce(modelGraph: Pick<ModelGraph, 'graph'>, feeds: Feeds): Promise<Parameters> {
  const session = await createSession(serialise(modelGraph.graph));
  const outputs = await session.run(feeds);
  await session.release();
  return new Map(Object.entries(outputs).map(([name, tensor]) => [name, named(tensor)]));
}

/** Steps of AdamW from zero moments; `batches` has one entry a step. */
export async function runSteps(
  modelGraph: ModelGraph,
  parameters: Parameters,
  optimiser: OptimiserSettings,
  batches: readonly { readonly feeds: Feeds; readonly learningRate: number }[],
): Promise<StepResult[]> {
  const session = await createSession(serialise(modelGraph.graph));
  const zeros = new Map(
    Array.from(parameters, ([name, { shape, data }]) => [name, { shape, data: new Float32Array(data.length) }]),
  );
  let state: TrainingState = { parameters, first: zeros, second: zeros };
  const results: StepResult[] = [];
  for (const [index, { feeds, learningRate }] of batches.entries()) {
    const scalars = createOptimiser(optimiser).scalars(learningRate, index + 1);
    const result = await step(session, modelGraph, state, { ...feeds, ...mapValues(scalars, float) });
    results.push(result);
    state = result.state;
  }
  await session.release();
  return results;
}

async function step(
  session: InferenceSession,
  modelGraph: ModelGraph,
  state: TrainingState,
  feeds: Feeds,
): Promise<StepResult> {
  const outputs = await session.run({
    ...feeds,
    ...parameterFeeds(state.parameters),
    ...parameterFeeds(state.first, 'm.'),
    ...parameterFeeds(state.second, 'v.'),
  });
  const read = (name: string): NamedTensor => {
    const tensor = outputs[name];
    if (!tensor) throw new Error(`the modelGraph has no output ${name}`);
    return named(tensor);
  };
  const updated = (prefix: string): Parameters =>
    new Map(modelGraph.parameters.map(([name]) => [name, read(`updated.${prefix}${name}`)]));
  return {
    state: { parameters: updated(''), first: updated('m.'), second: updated('v.') },
    metrics: Object.fromEntries(modelGraph.metrics.map((name) => [name, read(name).data[0] ?? Number.NaN])),
  };
}

export function parameterFeeds(parameters: Parameters, prefix = ''): Feeds {
  return Object.fromEntries(
    Array.from(parameters, ([name, { shape, data }]) => [`${prefix}${name}`, new Tensor('float32', data, shape)]),
  );
}

export function floats(values: Iterable<number>): Tensor {
  return new Tensor('float32', Float32Array.from(values));
}

export function integers(values: BigInt64Array, shape?: readonly number[]): Tensor {
  return new Tensor('int64', values, shape ?? [values.length]);
}

function float(value: number): Tensor {
  return new Tensor('float32', [value], []);
}

function named(tensor: Tensor): NamedTensor {
  if (!(tensor.data instanceof Float32Array)) throw new Error(`expected float32, got ${tensor.type}`);
  return { shape: tensor.dims, data: tensor.data };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
