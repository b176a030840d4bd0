/**
 * onnxruntime's C API through koffi: sessions, values on any memory, bindings.
 *
 * The OrtApi struct is a table of function pointers whose order never changes: entries are only ever appended (onnxruntime asserts the
 * place of each version's last entry when it is compiled), and OrtApiBase.GetApi(n) gives null where the library is older than
 * version n. So an index is right for every library that answers to `apiVersion`.
 */
import koffi from 'koffi';

/** The version of the table that is asked for: that of onnxruntime 1.23. */
export const apiVersion = 23;

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

/** Place in the table, and signature: S is OrtStatus* (null is success), p a pointer, P where a pointer goes, z size_t, s a string. */
const functions = {
  CreateStatus: [0, 'p', 'is'],
  GetErrorCode: [1, 'i', 'p'],
  GetErrorMessage: [2, 's', 'p'],
  CreateEnv: [3, 'S', 'isP'],
  CreateSessionFromArray: [8, 'S', 'pbzpP'],
  CreateSessionOptions: [10, 'S', 'P'],
  DisableMemPattern: [17, 'S', 'p'],
  SetSessionLogSeverityLevel: [22, 'S', 'pi'],
  SetSessionGraphOptimizationLevel: [23, 'S', 'pi'],
  SetIntraOpNumThreads: [24, 'S', 'pi'],
  SetInterOpNumThreads: [25, 'S', 'pi'],
  SessionGetInputCount: [30, 'S', 'pZ'],
  SessionGetOutputCount: [31, 'S', 'pZ'],
  SessionGetInputTypeInfo: [33, 'S', 'pzP'],
  SessionGetOutputTypeInfo: [34, 'S', 'pzP'],
  SessionGetInputName: [36, 'S', 'pzpP'],
  SessionGetOutputName: [37, 'S', 'pzpP'],
  AddFreeDimensionOverrideByName: [124, 'S', 'psl'],
  CreateCustomOpDomain: [26, 'S', 'sP'],
  CustomOpDomain_Add: [27, 'S', 'pp'],
  AddCustomOpDomain: [28, 'S', 'pp'],
  KernelContext_GetInput: [90, 'S', 'pzP'],
  KernelContext_GetOutput: [91, 'S', 'pzbzP'],
  KernelContext_GetGPUComputeStream: [193, 'S', 'pP'],
  CreateTensorAsOrtValue: [48, 'S', 'pDziP'],
  CreateTensorWithDataAsOrtValue: [49, 'S', 'pbzDziP'],
  GetTensorMutableData: [51, 'S', 'pP'],
  CastTypeInfoToTensorInfo: [55, 'S', 'pP'],
  GetTensorElementType: [60, 'S', 'pI'],
  GetDimensionsCount: [61, 'S', 'pZ'],
  GetDimensions: [62, 'S', 'pbz'],
  GetTensorTypeAndShape: [65, 'S', 'pP'],
  CreateMemoryInfo: [68, 'S', 'siiiP'],
  CreateCpuMemoryInfo: [69, 'S', 'iiP'],
  AllocatorFree: [76, 'S', 'pp'],
  GetAllocatorWithDefaultOptions: [78, 'S', 'P'],
  ReleaseStatus: [93, 'v', 'p'],
  ReleaseSession: [95, 'v', 'p'],
  ReleaseValue: [96, 'v', 'p'],
  ReleaseTypeInfo: [98, 'v', 'p'],
  ReleaseTensorTypeAndShapeInfo: [99, 'v', 'p'],
  ReleaseSessionOptions: [100, 'v', 'p'],
  GetAvailableProviders: [125, 'S', 'PI'],
  ReleaseAvailableProviders: [126, 'S', 'pi'],
  CreateAllocator: [131, 'S', 'ppP'],
  RunWithBinding: [133, 'S', 'ppp'],
  CreateIoBinding: [134, 'S', 'pP'],
  ReleaseIoBinding: [135, 'v', 'p'],
  BindInput: [136, 'S', 'psp'],
  BindOutput: [137, 'S', 'psp'],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, 'S', 'pp'],
  CreateCUDAProviderOptions: [205, 'S', 'P'],
  UpdateCUDAProviderOptions: [206, 'S', 'pKKz'],
  ReleaseCUDAProviderOptions: [208, 'v', 'p'],
  GetBuildInfoString: [254, 's', ''],
};

const codes = {
  S: 'void *',
  p: 'void *',
  i: 'int',
  z: 'size_t',
  l: 'int64_t',
  s: 'const char *',
  v: 'void',
  b: 'void *',
  P: '_Out_ void **',
  I: '_Out_ int *',
  Z: '_Out_ size_t *',
  D: 'const int64_t *',
  K: 'const char **',
  Q: 'const size_t *',
  A: 'void **',
};

export class OrtError extends Error {
  constructor(code, message, during) {
    super(message);
    this.name = 'OrtError';
    this.code = code;
    this.during = during;
  }
}

/** @param path of libonnxruntime.so.1 @throws Error when it is no library whose table is known. */
export function loadOrt(path) {
  const library = koffi.load(path);
  const base = library.func('void *OrtGetApiBase()')();
  const at = (table, index) => koffi.decode(table, index * 8, 'void *');
  const callable = (pointer, signature) => koffi.decode(pointer, koffi.proto(signature));
  const version = callable(at(base, 1), 'const char *Version()')();
  const table = callable(at(base, 0), 'void *GetApi(uint32_t version)')(apiVersion);
  if (table === null) throw new Error(`${path} is onnxruntime ${version}, which has no API ${apiVersion}`);
  const raw = {};
  for (const [name, [index, result, parameters]] of Object.entries(functions)) {
    const types = [...parameters].map((code, place) => `${codes[code]} a${place}`).join(', ');
    raw[name] = callable(at(table, index), `${codes[result]} ${name}(${types || 'void'})`);
  }
  const check = (status, during) => {
    if (status === null) return;
    const error = new OrtError(raw.GetErrorCode(status), raw.GetErrorMessage(status), during);
    raw.ReleaseStatus(status);
    throw error;
  };
  // The handle is kept: koffi unloads a library that nothing refers to, and the table's functions do not count.
  const api = { raw, path, version, check, library };
  for (const [name, [, result]] of Object.entries(functions))
    api[name] = result === 'S' ? (...args) => check(raw[name](...args), name) : raw[name];
  prove(api);
  return api;
}

/** Makes sure that the table is what it is taken for, by functions without side effects from its whole length. */
function prove({ raw, version, path }) {
  const fault = (what) => new Error(`${path} (${version}) is not the onnxruntime expected: ${what}`);
  if (!/^1\.\d+\.\d+/.test(version)) throw fault('its version');
  const status = raw.CreateStatus(2, 'a test');
  if (raw.GetErrorCode(status) !== 2 || raw.GetErrorMessage(status) !== 'a test') throw fault('its statuses');
  raw.ReleaseStatus(status);
  if (!raw.GetBuildInfoString().startsWith('ORT Build Info')) throw fault('its build information');
}

/** The one-element out parameters. */
export function out(call) {
  const box = [null];
  call(box);
  return box[0];
}

/** An environment: one a process. */
export function createRuntime(path, { severity = 3 } = {}) {
  const ort = loadOrt(path);
  const env = out((box) => ort.CreateEnv(severity, 'reft', box));
  const cpuMemory = out((box) => ort.CreateCpuMemoryInfo(1, 0, box));
  const cpuAllocator = out((box) => ort.GetAllocatorWithDefaultOptions(box));

  function providers() {
    const [list, count] = [[null], [0]];
    ort.GetAvailableProviders(list, count);
    const names = Array.from({ length: count[0] }, (_, i) =>
      koffi.decode(koffi.decode(list[0], i * 8, 'void *'), 'char', -1),
    );
    ort.ReleaseAvailableProviders(list[0], count[0]);
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
      if (options.domain) ort.AddCustomOpDomain(so, options.domain);
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
        const found = { name, ...(tensor === null ? { type: null, shape: null } : typeAndShape(tensor)) };
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
    const type = typeNames[out((box) => ort.GetTensorElementType(info, box))];
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
