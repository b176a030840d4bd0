/**
 * onnxruntime's C API for the device programs: sessions, values on any memory, bindings. The table of functions is the engine's
 * (`engine/ort/capi`), with those added that only these programs call. Run them with `node --import tsx`.
 */
import koffi from 'koffi';
import { entry } from '../../activities/engine/ort/capi/functions.js';
import { loadLibrary, given as out } from '../../activities/engine/ort/capi/library.js';

export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};
export const elementBytes = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  bfloat16: 2,
};
const typeNames = Object.fromEntries(Object.entries(elementTypes).map(([name, number]) => [number, name]));

const onlyHere = {
  SessionGetInputTypeInfo: entry(33, 'status', 'handle', 'size', 'box'),
  CreateTensorAsOrtValue: entry(48, 'status', 'handle', 'bytes', 'size', 'int', 'box'),
  GetTensorElementType: entry(60, 'status', 'handle', 'box'),
  GetAvailableProviders: entry(125, 'status', 'box', 'box'),
  ReleaseAvailableProviders: entry(126, 'status', 'handle', 'int'),
  CreateAllocator: entry(131, 'status', 'handle', 'handle', 'box'),
};

/** An environment: one a process. */
export function createRuntime(path, { severity = 3 } = {}) {
  const ort = loadLibrary(path, onlyHere);
  const env = out((box) => ort.CreateEnv(severity, 'reft', box));
  const cpuMemory = out((box) => ort.CreateCpuMemoryInfo(1, 0, box));
  const cpuAllocator = out((box) => ort.GetAllocatorWithDefaultOptions(box));

  function providers() {
    const count = new BigUint64Array(1);
    const list = out((box) => ort.GetAvailableProviders(box, count));
    const names = Array.from({ length: Number(count[0]) }, (_, i) =>
      koffi.decode(koffi.decode(list, i * 8, 'void *'), 'char', -1),
    );
    ort.ReleaseAvailableProviders(list, Number(count[0]));
    return names;
  }

  /** A value over an array of this process; the array must live as long as the value. */
  function hostValue(type, shape, array) {
    const value = out((box) =>
      ort.CreateTensorWithDataAsOrtValue(
        cpuMemory,
        array,
        array.byteLength,
        dims(shape),
        shape.length,
        elementTypes[type],
        box,
      ),
    );
    return { handle: value, type, shape, array, release: () => ort.ReleaseValue(value) };
  }

  /** A value in the memory of an allocator. */
  function valueOn(allocator, type, shape) {
    const value = out((box) =>
      ort.CreateTensorAsOrtValue(allocator, dims(shape), shape.length, elementTypes[type], box),
    );
    const address = out((box) => ort.GetTensorMutableData(value, box));
    const bytes = shape.reduce((product, size) => product * size, 1) * elementBytes[type];
    return { handle: value, type, shape, address, bytes, release: () => ort.ReleaseValue(value) };
  }

  /** The same memory in another shape. The value it is of stays its owner. */
  function view(value, memoryInfo, type, shape) {
    const bytes = shape.reduce((product, size) => product * size, 1) * elementBytes[type];
    const handle = out((box) =>
      ort.CreateTensorWithDataAsOrtValue(
        memoryInfo,
        value.address,
        bytes,
        dims(shape),
        shape.length,
        elementTypes[type],
        box,
      ),
    );
    return { handle, type, shape, address: value.address, bytes, release: () => ort.ReleaseValue(handle) };
  }

  function createSession(model, options = {}) {
    const so = out((box) => ort.CreateSessionOptions(box));
    try {
      ort.SetSessionGraphOptimizationLevel(so, options.level ?? 99);
      ort.SetSessionLogSeverityLevel(so, options.severity ?? severity);
      ort.SetIntraOpNumThreads(so, options.threads ?? 2);
      ort.SetInterOpNumThreads(so, 1);
      ort.DisableMemPattern(so);
      for (const [name, size] of Object.entries(options.dimensions ?? {}))
        ort.AddFreeDimensionOverrideByName(so, name, size);
      for (const [name, value] of Object.entries(options.settings ?? {})) ort.AddSessionConfigEntry(so, name, value);
      for (const domain of options.domains ?? []) ort.AddCustomOpDomain(so, domain);
      if (options.cuda) appendCuda(so, options.cuda);
      const bytes = new Uint8Array(model);
      const session = out((box) => ort.CreateSessionFromArray(env, bytes, bytes.byteLength, so, box));
      return describe(session);
    } finally {
      ort.ReleaseSessionOptions(so);
    }
  }

  function appendCuda(so, options) {
    const [keys, values] = [Object.keys(options), Object.values(options)];
    const cuda = out((box) => ort.CreateCUDAProviderOptions(box));
    try {
      if (keys.length > 0) ort.UpdateCUDAProviderOptions(cuda, keys, values, keys.length);
      ort.SessionOptionsAppendExecutionProvider_CUDA_V2(so, cuda);
    } finally {
      ort.ReleaseCUDAProviderOptions(cuda);
    }
  }

  function describe(session) {
    const side = (which) => {
      const count = out((box) => ort[`SessionGet${which}Count`](session, box));
      return Array.from({ length: Number(count) }, (_, index) => {
        const chars = out((box) => ort[`SessionGet${which}Name`](session, index, cpuAllocator, box));
        const name = koffi.decode(chars, 'char', -1);
        ort.AllocatorFree(cpuAllocator, chars);
        const info = out((box) => ort[`SessionGet${which}TypeInfo`](session, index, box));
        const tensor = out((box) => ort.CastTypeInfoToTensorInfo(info, box));
        const found = { name, ...(tensor === 0n ? { type: null, shape: null } : typeAndShape(tensor)) };
        ort.ReleaseTypeInfo(info);
        return found;
      });
    };
    return {
      handle: session,
      inputs: side('Input'),
      outputs: side('Output'),
      release: () => ort.ReleaseSession(session),
    };
  }

  function typeAndShape(info) {
    const type = typeNames[Number(out((box) => ort.GetTensorElementType(info, box)))];
    const rank = Number(out((box) => ort.GetDimensionsCount(info, box)));
    const shape = new BigInt64Array(rank);
    if (rank > 0) ort.GetDimensions(info, shape, rank);
    return { type, shape: Array.from(shape, Number) };
  }

  function shapeOf(value) {
    const info = out((box) => ort.GetTensorTypeAndShape(value, box));
    const found = typeAndShape(info);
    ort.ReleaseTensorTypeAndShapeInfo(info);
    return found;
  }

  function createBinding(session) {
    const handle = out((box) => ort.CreateIoBinding(session.handle, box));
    // What is bound, so that no array is collected whose memory onnxruntime reads: to V8 an array used for the last time is garbage.
    const held = { inputs: new Map(), outputs: new Map() };
    return {
      handle,
      held,
      input(name, value) {
        ort.BindInput(handle, name, value.handle);
        held.inputs.set(name, value);
      },
      output(name, value) {
        ort.BindOutput(handle, name, value.handle);
        held.outputs.set(name, value);
      },
      run: () => ort.RunWithBinding(session.handle, null, handle),
      release: () => ort.ReleaseIoBinding(handle),
    };
  }

  function createAllocator(session, memoryInfo) {
    return out((box) => ort.CreateAllocator(session.handle, memoryInfo, box));
  }

  const memoryInfo = (name, { type = 1, id = 0, memory = 0 } = {}) =>
    out((box) => ort.CreateMemoryInfo(name, type, id, memory, box));

  return {
    ort,
    version: ort.GetBuildInfoString(),
    env,
    koffi,
    cpuMemory,
    cpuAllocator,
    providers,
    hostValue,
    valueOn,
    view,
    createSession,
    createBinding,
    createAllocator,
    memoryInfo,
    shapeOf,
  };
}

/** Shapes as koffi passes them to `const int64_t *`. */
function dims(shape) {
  return shape.length === 0 ? null : BigInt64Array.from(shape, BigInt);
}
