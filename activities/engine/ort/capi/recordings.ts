/**
 * Runs that a device records: a CUDA graph holds all kernels of a run with their addresses, and starting it takes one call where the
 * run takes hundreds. https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html#using-cuda-graphs-preview
 *
 * A recording belongs to a binding: it is played again as long as nothing is bound anew. onnxruntime knows it by a number, which a run
 * is given in its options. Inputs that are read from this process's memory are read for the recording alone.
 */
import type { Handle } from './functions.js';
import { given } from './library.js';
import { theEnvironment } from './nativeSession.js';

export interface Recordings {
  /** How many there are, those that are not played any more included: a session keeps them all. */
  readonly count: number;
  /** Options of the runs that make a new recording, and then play it. */
  next(): Handle;
  release(): void;
}

/** A session has so many recordings before it is created anew: they take memory on the device. */
export const mostRecordings = 32;

/** Of one session. */
export function createRecordings(): Recordings {
  const { api } = theEnvironment();
  const all: Handle[] = [];
  return {
    get count() {
      return all.length;
    },
    next() {
      const options = given((box) => api.CreateRunOptions(box));
      all.push(options);
      api.AddRunConfigEntry(options, 'gpu_graph_id', `${all.length}`);
      return options;
    },
    release() {
      for (const options of all.splice(0)) api.ReleaseRunOptions(options);
    },
  };
}
