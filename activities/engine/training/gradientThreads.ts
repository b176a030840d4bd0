/**
 * A training step's micro-batches in worker threads: this thread takes a share of them, other threads the rest, each computing with one core.
 *
 * Operators of a small model leave cores waiting for each other, several hundred times a step; worker threads wait once, at its end. Each other
 * worker thread has a copy of the weights, made anew for every step, and gradients of its own. Both are one array each, which moves to the
 * worker thread and back again, so that nothing else is copied.
 */
import { Tensor } from 'onnxruntime-node';
import { runInWorkerThreads } from '../threads/workerThreads.js';
import { type FlatLayout, flatArray, tensorsIn } from './flatTensors.js';
import type { Training } from './objectives.js';
import type { Feeds, Metrics } from './runGraph.js';
import { gradientSum, sumGradients } from './sumGradients.js';

type PlainFeeds = Readonly<Record<string, Pick<Tensor, 'type' | 'data' | 'dims'>>>;

/** A worker thread's part of a step, as its thread gets and answers it. The arrays move. */
export interface SumGradientsTask {
  readonly input: {
    readonly training: Training;
    /** Where the tensors lie in both arrays. */
    readonly layout: FlatLayout;
    readonly weights: ArrayBuffer;
    readonly gradients: ArrayBuffer;
    readonly microBatches: readonly PlainFeeds[];
  };
  readonly output: { readonly weights: ArrayBuffer; readonly gradients: ArrayBuffer; readonly metrics: Metrics };
}

/** What a worker thread has summed up; the array is the worker thread's to write again at the next step. */
export interface ThreadGradients {
  readonly gradients: ArrayBuffer;
  readonly metrics: Metrics;
}

/** Sums gradients in other threads, a share of micro-batches each, by the weights in an array from `flatArray`. */
export type GradientThreads = (
  weights: ArrayBuffer,
  shares: readonly (readonly Feeds[])[],
) => Promise<readonly ThreadGradients[]>;

/** @param layout of what is trained: every weight of the model. */
export function gradientThreads(training: Training, layout: FlatLayout): GradientThreads {
  const kept: Pick<SumGradientsTask['output'], 'weights' | 'gradients'>[] = [];
  return async (weights, shares) => {
    const inputs = shares.map((share, workerThread) => {
      const arrays = kept[workerThread] ?? { weights: flatArray(layout), gradients: flatArray(layout) };
      new Uint8Array(arrays.weights).set(new Uint8Array(weights));
      return { training, layout, ...arrays, microBatches: share.map(toPlain) };
    });
    const outputs = await runInWorkerThreads<SumGradientsTask>('sumGradients', inputs, inOneGo);
    for (const [workerThread, { weights, gradients }] of outputs.entries()) kept[workerThread] = { weights, gradients };
    return outputs;
  };
}

/** A step is too short to report of or to cancel. */
const inOneGo = { onProgress: () => undefined, isCancelled: () => false };

/** The task `sumGradients`, in a worker thread's thread. */
export async function sumGradientsInThread({
  training,
  layout,
  weights,
  gradients,
  microBatches,
}: SumGradientsTask['input']): Promise<SumGradientsTask['output']> {
  const sum = await gradientSum(training, microBatches.length);
  const feeds = microBatches.map(fromPlain);
  const metrics = await sumGradients(sum, tensorsIn(weights, layout), tensorsIn(gradients, layout), feeds);
  return { weights, gradients, metrics };
}

/** Tensors are objects of a class, which messages do not keep. */
function toPlain(feeds: Feeds): PlainFeeds {
  return Object.fromEntries(Object.entries(feeds).map(([name, { type, data, dims }]) => [name, { type, data, dims }]));
}

function fromPlain(feeds: PlainFeeds): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]),
  );
}
