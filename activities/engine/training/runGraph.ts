/** One run of a graph: its feeds, the arrays it writes, and its metrics. */
import type { Tensor } from 'onnxruntime-node';
import { InvalidModel } from '../../errors.js';
import { required } from '../../invariant.js';
import { placeOnDevice } from '../ort/placement.js';
import { type InPlaceSession, runInPlace } from '../ort/runInPlace.js';
import { float32 } from '../ort/tensors.js';
import type { Parameters } from '../weights/parameters.js';
import type { ModelGraph } from './graphs.js';

export type Feeds = Readonly<Record<string, Tensor>>;
export type Metrics = Readonly<Record<string, number>>;

export function withPrefix(prefix: string, tensors: Feeds): Feeds {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

/** The outputs that write into these inputs. */
export function updated(inputs: Feeds): Feeds {
  return withPrefix('updated.', inputs);
}

/** @param results receive the outputs that are no metrics. */
export async function runWithMetrics(
  modelGraph: ModelGraph,
  session: InPlaceSession,
  feeds: Feeds,
  results: Feeds,
): Promise<Metrics> {
  const values = modelGraph.metrics.map((name) => [name, new Float32Array(1)] as const);
  const metrics = Object.fromEntries(values.map(([name, data]) => [name, float32(data, [])]));
  await runInPlace(session, feeds, { ...results, ...metrics });
  return Object.fromEntries(values.map(([name, [value = Number.NaN]]) => [name, value]));
}

/** Scores given data with a graph without gradients. `results` receive its outputs. */
export async function runGraph(
  modelGraph: ModelGraph,
  session: InPlaceSession,
  parameters: Parameters,
  feeds: Feeds,
  results: Feeds,
): Promise<void> {
  const weights = Object.fromEntries(
    modelGraph.parameters.map(([name, shape]) => {
      const tensor = parameters.get(name);
      if (!tensor) throw new InvalidModel(`the model has no tensor ${name}`);
      return [name, float32(tensor.data, shape)];
    }),
  );
  await placeOnDevice(weights);
  await runInPlace(session, { ...weights, ...feeds }, results);
}

/** A metric that the graph has. */
export function metricOf(metrics: Metrics, name: string): number {
  return required(metrics[name], `metric ${name}`);
}

/** Metrics of a batch out of those of its micro-batches: the largest of the `peaks`, the sum of any other. */
export function joinMetrics(parts: readonly Metrics[], peaks: readonly string[]): Metrics {
  return parts.reduce((totals, part) =>
    Object.fromEntries(
      Object.entries(part).map(([name, value]) => {
        const before = metricOf(totals, name);
        return [name, peaks.includes(name) ? Math.max(before, value) : before + value];
      }),
    ),
  );
}
