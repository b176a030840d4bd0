/**
 * Sessions of the C API: created like onnxruntime-node's (`../session.ts`), run on arrays of this process.
 *
 * A run binds arrays as inputs and as outputs. The same array may be both: then the graph updates it in place. onnxruntime copies
 * nothing, and keeps no array after the run.
 */
import type { Tensor } from 'onnxruntime-node';
import { InternalError } from '../../../errors.js';
import { onnxElementTypes } from '../../graph/graph.js';
import type { Tensors } from '../session.js';
import type { Handle, OrtApi } from './functions.js';
import { given } from './library.js';
import { createNativeSession, memoryInfo, theEnvironment } from './nativeSession.js';

export interface BoundSession {
  /** Shapes that the graph declares for its outputs: -1 where a dimension is dynamic. */
  readonly outputShapes: ReadonlyMap<string, readonly number[]>;
  /**
   * Binds arrays for any number of runs. They must stay as they are, in this process's memory, until `release`.
   * @throws InternalError when a name is none of the graph's, or a type does not fit.
   */
  bind(feeds: Tensors, results: Tensors): BoundRun;
  release(): void;
}

export interface BoundRun {
  /** Computes all that is bound, in this thread, which waits for it. */
  run(): void;
  release(): void;
}

let hostInfo: Handle | undefined;

/**
 * @param operatorThreads threads inside one operator.
 * @throws InternalError when the model is not valid.
 */
export function createBoundSession(model: Uint8Array, operatorThreads: number): BoundSession {
  const session = createNativeSession(model, operatorThreads);
  hostInfo ??= memoryInfo('Cpu', 0);
  const memory = hostInfo;
  return {
    outputShapes: session.outputShapes,
    bind(feeds, results) {
      session.check();
      return bind(theEnvironment().api, session.handle, memory, feeds, results);
    },
    release: () => session.release(),
  };
}

function bind(api: OrtApi, session: Handle, memory: Handle, feeds: Tensors, results: Tensors): BoundRun {
  const binding = given((box) => api.CreateIoBinding(session, box));
  // One value for an array that is input and output. Held here, because to V8 an array used for the last time is garbage.
  const values = new Map<Tensor, Handle>();
  const boundValue = (tensor: Tensor): Handle => {
    const known = values.get(tensor);
    if (known !== undefined) return known;
    const value = valueOver(api, memory, tensor);
    values.set(tensor, value);
    return value;
  };
  let isReleased = false;
  const release = (): void => {
    // What is freed twice ends the process.
    if (isReleased) return;
    isReleased = true;
    api.ReleaseIoBinding(binding);
    for (const value of values.values()) api.ReleaseValue(value);
    values.clear();
  };
  try {
    for (const [name, tensor] of Object.entries(feeds)) api.BindInput(binding, name, boundValue(tensor));
    for (const [name, tensor] of Object.entries(results)) api.BindOutput(binding, name, boundValue(tensor));
  } catch (error) {
    release();
    throw error;
  }
  const run = (): void => {
    if (isReleased) throw new InternalError('a run that was released');
    api.RunWithBinding(session, null, binding);
  };
  return { run, release };
}

/** By the names of onnxruntime-node's types, which lack bfloat16 (`../tensors.ts`). */
const elementTypes = { ...onnxElementTypes, uint16: onnxElementTypes.bfloat16 };

/**
 * A value over a tensor's array, or over memory on a device.
 * @param memory what `memoryInfo` gives.
 * @param address of the memory, where it is not the array's.
 */
export function valueOver(api: OrtApi, memory: Handle, { type, data, dims }: Tensor, address?: Handle): Handle {
  if (!ArrayBuffer.isView(data) || !(type in elementTypes))
    throw new InternalError(`a tensor of type ${type} cannot be bound`);
  const elementType = elementTypes[type as keyof typeof elementTypes];
  // Asking for its buffer moves a small array out of V8's heap, where the garbage collector would move it.
  if (data.buffer.byteLength < data.byteLength) throw new InternalError('an array is longer than its buffer');
  const shape = BigInt64Array.from(dims, BigInt);
  return given((box) =>
    api.CreateTensorWithDataAsOrtValue(memory, address ?? data, data.byteLength, shape, dims.length, elementType, box),
  );
}
