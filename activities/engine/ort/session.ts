/** Creates onnxruntime sessions, all with the same settings: results must not depend on who asked for a session. */
import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { InferenceSession } from 'onnxruntime-node';
import { chosenDevice, type Device } from './devices.js';
import { enginesHere } from './enginesHere.js';

/**
 * Threads inside one operator: every core of the machine, whatever else runs on it, shared among its engines; one in a worker thread
 * (`workerThreads.ts`). Sums are split by thread, so the number is part of what "same machine type, same checkpoint hash" means.
 */
export const threads = isMainThread ? Math.max(1, Math.floor(availableParallelism() / enginesHere())) : 1;

/** Where a session leaves each of its outputs, in their order. */
export type OutputLocations = Readonly<Record<string, 'cpu' | 'gpu-buffer'>>;

/**
 * A session for a serialised ONNX model (see `graph/onnx/`). Release it with `session.release()`.
 * @param locations left out, every output comes to the CPU.
 * @param operatorThreads inside one operator.
 */
export function createSession(
  model: Uint8Array,
  locations?: OutputLocations,
  operatorThreads?: number,
): Promise<InferenceSession> {
  return InferenceSession.create(model, sessionOptions(chosenDevice(), locations, operatorThreads));
}

export function sessionOptions(
  device: Device,
  locations?: OutputLocations,
  operatorThreads = threads,
): InferenceSession.SessionOptions {
  return {
    executionProviders: device.executionProviders,
    ...(locations ? { preferredOutputLocation: locations } : {}),
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: operatorThreads,
    interOpNumThreads: 1,
    // Memory patterns keep one block for every shape seen: no faster, and memory grows as lengths change.
    enableMemPattern: false,
    // Errors only: warnings about unused initialisers and the like would fill the worker's log.
    logSeverityLevel: 3,
    extra: {
      session: {
        // Numbers below 1.2e-38 count as zero. Some processors take a hundred times as long for each of them, and behind a causal
        // mask half of a softmax's exponentials would be such: it takes a sixth of the time. In the thread that creates a
        // process's first session, and those it starts, that goes for JavaScript's smallest numbers, too.
        set_denormal_as_zero: '1',
        // Idle threads spin for the next operator only briefly: without a bound, any other process that wants a core (worker,
        // servers, sandbox) slows small models several times over.
        intra_op: { spin_duration_us: '100' },
      },
    },
  };
}
