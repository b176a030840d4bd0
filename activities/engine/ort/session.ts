/** Creates onnxruntime sessions, all with the same settings, so that results do not depend on which part of the code runs a graph. */
import { isMainThread } from 'node:worker_threads';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { chosenDevice, type Device } from './devices.js';
import { machine } from './machine.js';

/**
 * How many engines share this machine: `REFT_ENGINES`, which a worker sets for the engine processes that it starts; 1 when not set.
 * Each engine uses its fraction of cores and memory.
 */
export function enginesHere(environment: NodeJS.ProcessEnv = process.env): number {
  return Number(environment.REFT_ENGINES) || 1;
}

/**
 * Threads inside one operator: all cores that this process may use divided among its engines; one in a worker thread (`workerThreads.ts`).
 * Sums are split by thread, so results depend on this number: "same machine type, same checkpoint hash" includes it.
 */
export const threads = isMainThread ? Math.max(1, Math.floor(machine.cores / enginesHere())) : 1;

export type Tensors = Readonly<Record<string, Tensor>>;

/** onnxruntime's settings by name, of every session. */
export const sessionEntries = {
  // Numbers below 1.2e-38 (denormals) count as zero. Some processors take a hundred times as long for each, and under a causal
  // mask half of a softmax's exponentials are such numbers: this way it takes a sixth of the time. The setting also holds for
  // JavaScript's numbers in the thread that creates a process's first session, and in threads started from it.
  'session.set_denormal_as_zero': '1',
  // How long idle threads spin before they sleep. Without this bound, any other busy process (worker, servers, sandbox) makes small
  // models several times slower.
  'session.intra_op.spin_duration_us': '100',
} as const;

/** Where a session leaves each of its outputs, by name, in the order of the outputs. */
export type OutputLocations = Readonly<Record<string, 'cpu' | 'gpu-buffer'>>;

/**
 * A session for a serialised ONNX model (`graph/onnx/serialise.ts`). Release it with `session.release()`.
 * @param locations default: every output comes to the CPU.
 * @param operatorThreads threads inside one operator.
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
    // Memory patterns keep a block for every shape seen: no faster, and memory grows as lengths change.
    enableMemPattern: false,
    // Errors only: there are many warnings, for example about unused initialisers.
    logSeverityLevel: 3,
    extra: {
      session: {
        set_denormal_as_zero: sessionEntries['session.set_denormal_as_zero'],
        intra_op: { spin_duration_us: sessionEntries['session.intra_op.spin_duration_us'] },
      },
    },
  };
}
