/**
 * Sessions of the C API: created like onnxruntime-node's (`../session.ts`), run on arrays of this process.
 *
 * A run binds arrays as inputs and as outputs. The same array may be both: then the graph updates it in place. onnxruntime copies
 * nothing, and keeps no array after the run.
 */
import type { Tensor } from 'onnxruntime-node';
import { InternalError } from '../../../errors.js';
import { onnxElementTypes } from '../../graph/graph.js';
import { sessionEntries, type Tensors } from '../session.js';
import type { Handle, OrtApi } from './functions.js';
import { given, ortApi, textAt } from './library.js';

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

const errorsOnly = 3;
const allOptimisations = 99;

interface Environment {
  readonly api: OrtApi;
  readonly env: Handle;
  readonly cpuMemory: Handle;
  readonly allocator: Handle;
}

let environment: Environment | undefined;

function theEnvironment(): Environment {
  if (environment) return environment;
  const api = ortApi();
  const [arena, defaultMemory] = [1, 0];
  environment = {
    api,
    env: given((box) => api.CreateEnv(errorsOnly, 'reft', box)),
    cpuMemory: given((box) => api.CreateCpuMemoryInfo(arena, defaultMemory, box)),
    allocator: given((box) => api.GetAllocatorWithDefaultOptions(box)),
  };
  return environment;
}

/**
 * @param operatorThreads threads inside one operator.
 * @throws InternalError when the model is not valid.
 */
export function createBoundSession(model: Uint8Array, operatorThreads: number): BoundSession {
  const { api, env, cpuMemory, allocator } = theEnvironment();
  const session = withOptions(api, operatorThreads, (options) =>
    given((box) => api.CreateSessionFromArray(env, model, model.byteLength, options, box)),
  );
  let isReleased = false;
  return {
    outputShapes: new Map(outputsOf(api, session, allocator)),
    bind(feeds, results) {
      if (isReleased) throw new InternalError('a session that was released');
      return bind(api, session, cpuMemory, feeds, results);
    },
    release() {
      if (isReleased) return;
      isReleased = true;
      api.ReleaseSession(session);
    },
  };
}

function withOptions(api: OrtApi, operatorThreads: number, create: (options: Handle) => Handle): Handle {
  const options = given((box) => api.CreateSessionOptions(box));
  try {
    api.SetSessionGraphOptimizationLevel(options, allOptimisations);
    api.SetSessionLogSeverityLevel(options, errorsOnly);
    api.SetIntraOpNumThreads(options, operatorThreads);
    api.SetInterOpNumThreads(options, 1);
    api.DisableMemPattern(options);
    for (const [name, value] of Object.entries(sessionEntries)) api.AddSessionConfigEntry(options, name, value);
    return create(options);
  } finally {
    api.ReleaseSessionOptions(options);
  }
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

/** A value over a tensor's array. */
function valueOver(api: OrtApi, memory: Handle, { type, data, dims }: Tensor): Handle {
  if (!ArrayBuffer.isView(data) || !(type in onnxElementTypes))
    throw new InternalError(`a tensor of type ${type} cannot be bound`);
  const elementType = onnxElementTypes[type as keyof typeof onnxElementTypes];
  // Asking for its buffer moves a small array out of V8's heap, where the garbage collector would move it.
  if (data.buffer.byteLength < data.byteLength) throw new InternalError('an array is longer than its buffer');
  const shape = BigInt64Array.from(dims, BigInt);
  return given((box) =>
    api.CreateTensorWithDataAsOrtValue(memory, data, data.byteLength, shape, dims.length, elementType, box),
  );
}

function outputsOf(api: OrtApi, session: Handle, allocator: Handle): (readonly [string, readonly number[]])[] {
  const count = Number(given((box) => api.SessionGetOutputCount(session, box)));
  return Array.from({ length: count }, (_, index) => {
    const chars = given((box) => api.SessionGetOutputName(session, index, allocator, box));
    const name = textAt(chars);
    api.AllocatorFree(allocator, chars);
    const info = given((box) => api.SessionGetOutputTypeInfo(session, index, box));
    // Belongs to `info`.
    const tensor = given((box) => api.CastTypeInfoToTensorInfo(info, box));
    const rank = Number(given((box) => api.GetDimensionsCount(tensor, box)));
    const shape = new BigInt64Array(rank);
    api.GetDimensions(tensor, shape, rank);
    api.ReleaseTypeInfo(info);
    return [name, Array.from(shape, Number)] as const;
  });
}
