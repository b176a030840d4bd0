/** The gradients of micro-batches, summed: what each worker thread does of a training step. */
import { fillWithZeros } from '../ort/placement.js';
import type { TrainingGraph } from './graphs.js';
import { buildAccumulation, buildGradients, type Training } from './objectives.js';
import { type Feeds, joinMetrics, type Metrics, runWithMetrics, updated, withPrefix } from './runGraph.js';
import { type GraphSession, graphSession } from './sessions.js';

export interface GradientSum extends GraphSession<TrainingGraph> {
  /** Whether it adds to the gradients that it finds; else it takes one micro-batch alone. */
  readonly adds: boolean;
}

/**
 * The session for so many micro-batches. Where there is but one, nothing is added to its gradients.
 * @param operatorThreads inside one operator.
 */
export async function gradientSum(
  training: Training,
  microBatches: number,
  operatorThreads?: number,
): Promise<GradientSum> {
  const adds = microBatches > 1;
  const [kind, build] = adds ? (['accumulate', buildAccumulation] as const) : (['gradients', buildGradients] as const);
  const key = `${kind} in ${operatorThreads ?? 'all'} threads ${JSON.stringify(training)}`;
  return { adds, ...(await graphSession(key, () => build(training), { operatorThreads })) };
}

/**
 * @param weights every weight, trained and frozen, by its name.
 * @param gradients of the trained ones, by their names: they receive the sums.
 * @returns loss and metrics of the micro-batches together.
 */
export async function sumGradients(
  { adds, modelGraph, session }: GradientSum,
  weights: Feeds,
  gradients: Feeds,
  microBatches: readonly Feeds[],
): Promise<Metrics> {
  if (adds) fillWithZeros(gradients);
  const sums = withPrefix('g.', gradients);
  const results = updated(sums);
  const metrics: Metrics[] = [];
  for (const feeds of microBatches) {
    const inputs = { ...weights, ...(adds ? sums : {}), ...feeds };
    metrics.push(await runWithMetrics(modelGraph, session, inputs, results));
  }
  return joinMetrics(metrics, modelGraph.peaks);
}
