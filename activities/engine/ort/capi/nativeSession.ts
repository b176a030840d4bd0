/** Sessions of the C API as it creates them, with the settings of all sessions (`../session.ts`) and the chosen device's provider. */
import { InternalError, UnavailableDevice } from '../../../errors.js';
import { chosenDevice } from '../devices.js';
import { sessionEntries } from '../session.js';
import { cudaCorePath, loadCudaLibraries, missingForCuda } from './cudaLibraries.js';
import { customDomains } from './customOperators.js';
import { textAt } from './foreign.js';
import type { Handle, OrtApi } from './functions.js';
import { given, nodesLibraryPath, ortApi } from './library.js';

export interface NativeSession {
  readonly handle: Handle;
  /** Shapes that the graph declares for its outputs: -1 where a dimension is dynamic. */
  readonly outputShapes: ReadonlyMap<string, readonly number[]>;
  /** Inputs that the provider reads from this process's memory, wherever it computes. */
  readonly inputsInHost: ReadonlySet<string>;
  /** @throws InternalError once it was released. */
  check(): void;
  release(): void;
}

const errorsOnly = 3;
const allOptimisations = 99;
/** `OrtMemoryInfoDeviceType_CPU`. */
const cpuType = 0;

interface Environment {
  readonly api: OrtApi;
  readonly env: Handle;
  readonly allocator: Handle;
}

let environment: Environment | undefined;

export function theEnvironment(): Environment {
  if (environment) return environment;
  const api = ortApi(corePath());
  environment = {
    api,
    env: given((box) => api.CreateEnv(errorsOnly, 'reft', box)),
    allocator: given((box) => api.GetAllocatorWithDefaultOptions(box)),
  };
  return environment;
}

/** The core library that has the chosen device's provider. */
function corePath(): string | null {
  const { name, provider } = chosenDevice();
  if (provider !== 'cuda') return nodesLibraryPath();
  const missing = missingForCuda();
  if (missing !== null) throw new UnavailableDevice(name, missing);
  // The provider finds those that are loaded already.
  loadCudaLibraries();
  return cudaCorePath();
}

/** How onnxruntime calls a device's memory. */
export function memoryInfo(name: 'Cpu' | 'Cuda', device: number): Handle {
  const [arena, defaultMemory] = [1, 0];
  return given((box) => theEnvironment().api.CreateMemoryInfo(name, arena, device, defaultMemory, box));
}

/**
 * @param operatorThreads threads inside one operator, of what the CPU computes.
 * @param recorded whether runs may be recorded (`recordings.ts`). Then every node has to be the provider's.
 * @throws InternalError when the model is not valid. @throws UnavailableDevice when its device is not there.
 */
export function createNativeSession(model: Uint8Array, operatorThreads: number, recorded = false): NativeSession {
  const { api, env, allocator } = theEnvironment();
  const handle = withOptions(api, operatorThreads, recorded, (options) =>
    given((box) => api.CreateSessionFromArray(env, model, model.byteLength, options, box)),
  );
  let isReleased = false;
  return {
    handle,
    outputShapes: new Map(outputsOf(api, handle, allocator)),
    inputsInHost: new Set(chosenDevice().provider === 'cpu' ? [] : inputsInHost(api, handle, allocator)),
    check() {
      if (isReleased) throw new InternalError('a session that was released');
    },
    release() {
      // What is freed twice ends the process.
      if (isReleased) return;
      isReleased = true;
      api.ReleaseSession(handle);
    },
  };
}

function withOptions(
  api: OrtApi,
  operatorThreads: number,
  recorded: boolean,
  create: (options: Handle) => Handle,
): Handle {
  const options = given((box) => api.CreateSessionOptions(box));
  try {
    api.SetSessionGraphOptimizationLevel(options, allOptimisations);
    api.SetSessionLogSeverityLevel(options, errorsOnly);
    api.SetIntraOpNumThreads(options, operatorThreads);
    api.SetInterOpNumThreads(options, 1);
    api.DisableMemPattern(options);
    for (const [name, value] of Object.entries(sessionEntries)) api.AddSessionConfigEntry(options, name, value);
    const { provider, index, ownKernels } = chosenDevice();
    if (ownKernels) for (const domain of ownDomains(api)) api.AddCustomOpDomain(options, domain);
    if (provider === 'cuda') appendCuda(api, options, index, recorded);
    return create(options);
  } finally {
    api.ReleaseSessionOptions(options);
  }
}

let domains: readonly Handle[] | undefined;

/** Of our own operators, which sessions share. */
function ownDomains(api: OrtApi): readonly Handle[] {
  domains ??= customDomains(api, chosenDevice());
  return domains;
}

/** https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html */
function appendCuda(api: OrtApi, options: Handle, index: number, recorded: boolean): void {
  const settings = {
    device_id: `${index}`,
    // Products of float32 in float32: by default they are rounded to 10 bits.
    use_tf32: '0',
    // Blocks of the sizes asked for. By default the arena doubles, and keeps half of the device for nothing.
    arena_extend_strategy: 'kSameAsRequested',
    ...(recorded ? { enable_cuda_graph: '1' } : {}),
  };
  const cuda = given((box) => api.CreateCUDAProviderOptions(box));
  try {
    const names = Object.keys(settings);
    api.UpdateCUDAProviderOptions(cuda, names, Object.values(settings), names.length);
    api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda);
  } finally {
    api.ReleaseCUDAProviderOptions(cuda);
  }
}

function outputsOf(api: OrtApi, session: Handle, allocator: Handle): (readonly [string, readonly number[]])[] {
  const count = Number(given((box) => api.SessionGetOutputCount(session, box)));
  return Array.from({ length: count }, (_, index) => {
    const name = nameFrom(api, allocator, (box) => api.SessionGetOutputName(session, index, allocator, box));
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

/** Names of inputs that operators read from the CPU's memory: onnxruntime copies such an input when it is bound, and no more. */
function inputsInHost(api: OrtApi, session: Handle, allocator: Handle): string[] {
  const count = Number(given((box) => api.SessionGetInputCount(session, box)));
  // They belong to the session.
  const infos = new BigUint64Array(count);
  api.SessionGetMemoryInfoForInputs(session, infos, count);
  const type = new Int32Array(1);
  return Array.from(infos).flatMap((info, index) => {
    api.MemoryInfoGetDeviceType(info, type);
    if (type[0] !== cpuType) return [];
    return [nameFrom(api, allocator, (box) => api.SessionGetInputName(session, index, allocator, box))];
  });
}

function nameFrom(api: OrtApi, allocator: Handle, call: (box: BigUint64Array) => void): string {
  const chars = given(call);
  const name = textAt(chars);
  api.AllocatorFree(allocator, chars);
  return name;
}
