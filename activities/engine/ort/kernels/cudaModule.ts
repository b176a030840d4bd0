/**
 * Kernels of our own: compiled by NVRTC on the machine that they run on, loaded and launched through CUDA's driver.
 * https://docs.nvidia.com/cuda/nvrtc, https://docs.nvidia.com/cuda/cuda-driver-api
 */
import { InternalError } from '../../../errors.js';
import { at, required } from '../../../invariant.js';
import { cudaFolders, loadCudaRuntime } from '../capi/cudaLibraries.js';
import { foreignFunctions, loadNamedLibrary } from '../capi/foreign.js';
import type { Handle } from '../capi/functions.js';

/** An address, or a whole number. */
export type Argument = Handle | number;

/** Starts a kernel on blocks of threads, in a stream. */
export type Kernel = (
  blocks: readonly [x: number, y: number],
  threads: number,
  passed: readonly Argument[],
  stream: Handle | null,
) => void;

/** `cudaDevAttrComputeCapabilityMajor` and `…Minor`. */
const computeCapability = [75, 76] as const;
const mostArguments = 12;
const bytesEach = 8;

/**
 * @param source CUDA C; all of its `extern "C" __global__` functions are kernels.
 * @param defined a word that is defined for the source.
 * @throws Error with the compiler's or the driver's reason.
 */
export function compileKernels(source: string, device: number, defined: string): ReadonlyMap<string, Kernel> {
  const driver = loadNamedLibrary('libcuda.so.1', cudaFolders());
  const load = checked('cuModuleLoadData', driver.func('cuModuleLoadData', 'int', ['void *', 'void *']));
  const find = checked(
    'cuModuleGetFunction',
    driver.func('cuModuleGetFunction', 'int', ['void *', 'void *', 'const char *']),
  );
  const sizes = new Array<string>(7).fill('uint');
  const launch = checked(
    'cuLaunchKernel',
    driver.func('cuLaunchKernel', 'int', ['void *', ...sizes, 'void *', 'void *', 'void *']),
  );
  const module = given((box) => load(box, machineCode(source, architectureOf(device), defined)));
  const names = [...source.matchAll(/__global__ void (\w+)/g)].map(([, name]) => required(name, 'a name'));
  return new Map(
    names.map((name) => [
      name,
      kernelOf(
        given((box) => find(box, module, name)),
        launch,
      ),
    ]),
  );
}

function kernelOf(kernel: Handle, launch: (...passed: unknown[]) => void): Kernel {
  // Pointers to the arguments, and behind them the arguments.
  const memory = new BigInt64Array(2 * mostArguments);
  const address: Handle = foreignFunctions().address(memory);
  for (let index = 0; index < mostArguments; index++)
    memory[index] = address + BigInt(bytesEach * (mostArguments + index));
  return ([x, y], threads, passed, stream) => {
    for (const [index, argument] of passed.entries()) memory[mostArguments + index] = BigInt(argument);
    launch(kernel, x, y, 1, threads, 1, 1, 0, stream, address, null);
  };
}

/** Such as `sm_90`. */
function architectureOf(device: number): string {
  const read = checked(
    'cudaDeviceGetAttribute',
    loadCudaRuntime().func('cudaDeviceGetAttribute', 'int', ['void *', 'int', 'int']),
  );
  const numbers = computeCapability.map((attribute) => {
    const box = new Int32Array(1);
    read(box, attribute, device);
    return at(box, 0);
  });
  return `sm_${numbers.join('')}`;
}

function machineCode(source: string, architecture: string, defined: string): Uint8Array {
  const library = loadNamedLibrary('libnvrtc.so.13', cudaFolders());
  const raw = (name: string, ...parameters: string[]) => library.func(name, 'int', parameters);
  const call = (name: string, ...parameters: string[]) => checked(name, raw(name, ...parameters));
  const create = call('nvrtcCreateProgram', 'void *', 'const char *', 'const char *', 'int', 'void *', 'void *');
  const build = raw('nvrtcCompileProgram', 'void *', 'int', 'const char **');
  const program = given((box) => create(box, source, 'reft.cu', 0, null, null));
  const read = (size: string, get: string): Uint8Array => {
    const bytes = new Uint8Array(Number(given((box) => call(size, 'void *', 'void *')(program, box))));
    call(get, 'void *', 'void *')(program, bytes);
    return bytes;
  };
  const options = [`--gpu-architecture=${architecture}`, `-D${defined}`];
  if (build(program, options.length, options) !== 0) {
    const reasons = new TextDecoder().decode(read('nvrtcGetProgramLogSize', 'nvrtcGetProgramLog'));
    throw new InternalError(`kernels cannot be compiled for ${architecture}: ${reasons}`);
  }
  return read('nvrtcGetCUBINSize', 'nvrtcGetCUBIN');
}

function checked(name: string, call: (...passed: unknown[]) => number): (...passed: unknown[]) => void {
  return (...passed) => {
    const code = call(...passed);
    if (code !== 0) throw new InternalError(`${name} failed with ${code}`);
  };
}

function given(call: (box: BigUint64Array) => void): Handle {
  const box = new BigUint64Array(1);
  call(box);
  return at(box, 0);
}
