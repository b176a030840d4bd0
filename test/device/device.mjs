/** What the device programs share: their words, onnxruntime, memory on the device, and kernels compiled while the program runs. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRuntime } from './onnxruntime.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);

/** The word behind `--name`. */
export const flag = (name, otherwise) => {
  const at = words.indexOf(`--${name}`);
  return at < 0 ? otherwise : (words[at + 1] ?? true);
};
/** `cuda`, or `cpu` to try the programs where there is no GPU. */
export const provider = flag('provider', 'cuda');
export const onCuda = provider === 'cuda';
export const small = words.includes('--small');
export const fusing = words.includes('--fused');

/** The folder of libonnxruntime.so.1 with its provider libraries beside it. */
const folder = flag('ort', join(here, 'ort'));
export const rt = createRuntime(join(folder, 'libonnxruntime.so.1'), { severity: 3 });
const { koffi } = rt;

export const say = (row) => console.log(JSON.stringify(row));
export const round = (x, digits = 4) => (Number.isFinite(x) ? Number(x.toPrecision(digits)) : String(x));
export const product = (shape) => shape.reduce((a, b) => a * b, 1);
export const timed = (f) => {
  const start = performance.now();
  f();
  return performance.now() - start;
};
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** One row of results, or the error that came instead. */
export function attempt(row, body) {
  const start = performance.now();
  try {
    const result = body();
    say({ ...row, ...result, took: round((performance.now() - start) / 1000, 3) });
  } catch (error) {
    say({ ...row, error: String(error.message).slice(0, 500), during: error.during });
  }
}

/** A session for a graph that graphs.ts wrote, with `seconds`, the time that its creation took. */
export function open(name, { cuda = {}, on = provider, ...more } = {}) {
  // Which attention kernel the provider takes; the stand-in for CUDA has no cuDNN and needs --sdpa 1.
  const attention = flag('sdpa', '') ? { sdpa_kernel: flag('sdpa') } : {};
  const options = { device_id: '0', arena_extend_strategy: 'kSameAsRequested', ...attention, ...cuda };
  const model = readFileSync(join(flag('graphs', join(here, 'graphs')), `${name}.onnx`));
  const start = performance.now();
  const session = rt.createSession(model, { ...(on === 'cpu' ? { threads: 8 } : { cuda: options }), ...more });
  return { ...session, seconds: (performance.now() - start) / 1000 };
}

const arrays = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
};
export const hostArray = (type, shape) => new arrays[type](product(shape));

export const must = (what, code) => {
  if (code !== 0) throw new Error(`${what} gave ${code}`);
};
const cudart = onCuda ? koffi.load('libcudart.so.13') : null;
/** The CUDA runtime; null on the CPU. */
export const cuda = cudart && {
  up: cudart.func('int cudaMemcpy(void *to, const void *from, size_t bytes, int kind)'),
  down: cudart.func('cudaMemcpy', 'int', ['void *', 'void *', 'size_t', 'int']),
  info: cudart.func('int cudaMemGetInfo(_Out_ size_t *free, _Out_ size_t *total)'),
  free: cudart.func('int cudaFree(void *p)'),
  synchronize: cudart.func('int cudaDeviceSynchronize()'),
  memset: cudart.func('int cudaMemset(void *p, int value, size_t n)'),
};

/** MiB in use on the device, whoever uses them. */
export function usedMiB() {
  if (!cuda) return Math.round(process.memoryUsage.rss() / 2 ** 20);
  const [free, total] = [[0], [0]];
  must('cudaMemGetInfo', cuda.info(free, total));
  return Math.round((Number(total[0]) - Number(free[0])) / 2 ** 20);
}

const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Memory of a session's device: values there, and copies to and from them. */
export function deviceOf(session, on = provider) {
  if (on === 'cpu')
    return {
      memory: rt.cpuMemory,
      make: (type, shape) => rt.valueOn(rt.cpuAllocator, type, shape),
      write: ({ address, bytes }, array) => new Uint8Array(koffi.view(address, bytes)).set(bytesOf(array)),
      read: ({ address, bytes }, array) => bytesOf(array).set(new Uint8Array(koffi.view(address, bytes))),
      zero: ({ address, bytes }) => new Uint8Array(koffi.view(address, bytes)).fill(0),
    };
  const memory = rt.memoryInfo('Cuda');
  const allocator = rt.createAllocator(session, memory);
  return {
    memory,
    make: (type, shape) => rt.valueOn(allocator, type, shape),
    write: (value, array) => must('cudaMemcpy', cuda.up(value.address, array, array.byteLength, 1)),
    read: (value, array) => must('cudaMemcpy', cuda.down(array, value.address, array.byteLength, 2)),
    zero: ({ address, bytes }) => must('cudaMemset', cuda.memset(address, 0, bytes)),
  };
}

/** A value over a part of another value's memory. */
export const view = (device, value, type, shape, byteOffset = 0) =>
  rt.view({ address: value.address + BigInt(byteOffset) }, device.memory, type, shape);

/** CUDA C to a device's machine code, by NVRTC. */
function machineCode(source, architecture) {
  const nvrtc = koffi.load('libnvrtc.so.13');
  const f = (text) => nvrtc.func(text);
  const create = f(
    'int nvrtcCreateProgram(_Out_ void **program, const char *source, const char *name, int n, void *headers, void *names)',
  );
  const build = f('int nvrtcCompileProgram(void *program, int n, const char **options)');
  const size = f('int nvrtcGetCUBINSize(void *program, _Out_ size_t *size)');
  const get = f('int nvrtcGetCUBIN(void *program, void *image)');
  const logSize = f('int nvrtcGetProgramLogSize(void *program, _Out_ size_t *size)');
  const log = f('int nvrtcGetProgramLog(void *program, void *text)');
  const program = [null];
  must('nvrtcCreateProgram', create(program, source, 'reft.cu', 0, null, null));
  const count = [0];
  if (build(program[0], 1, [`--gpu-architecture=${architecture}`]) !== 0) {
    logSize(program[0], count);
    const text = Buffer.alloc(Number(count[0]));
    log(program[0], text);
    throw new Error(text.toString());
  }
  must('nvrtcGetCUBINSize', size(program[0], count));
  const image = new Uint8Array(Number(count[0]));
  must('nvrtcGetCUBIN', get(program[0], image));
  return image;
}

/**
 * The kernels of a file of `kernels/`, as functions of blocks, threads a block, arguments and stream. Arguments are pairs:
 * ['p', address], ['l', long long], ['i', int], ['f', float].
 */
export function loadKernels(file, architecture = flag('architecture', 'sm_90')) {
  const source = readFileSync(join(here, 'kernels', file), 'utf8');
  const names = [...source.matchAll(/__global__ void (\w+)/g)].map(([, name]) => name);
  const driver = koffi.load('libcuda.so.1');
  const load = driver.func('int cuModuleLoadData(_Out_ void **module, const void *image)');
  const entry = driver.func('int cuModuleGetFunction(_Out_ void **f, void *module, const char *name)');
  const sizes = Array(7).fill('uint');
  const launch = driver.func('cuLaunchKernel', 'int', ['void *', ...sizes, 'void *', 'void *', 'void *']);
  const malloc = koffi.load('libc.so.6').func('void *malloc(size_t n)');
  // Makes the context of the device, which cuModuleLoadData needs.
  cuda.free(null);
  const module = [null];
  must('cuModuleLoadData', load(module, machineCode(source, architecture)));
  return Object.fromEntries(
    names.map((name) => {
      const kernel = [null];
      must('cuModuleGetFunction', entry(kernel, module[0], name));
      // Pointers to the arguments, and behind them the arguments.
      const block = malloc(512);
      const memory = new DataView(koffi.view(block, 512));
      const run = (blocks, threads, args, stream = null) => {
        args.forEach(([type, x], i) => {
          const at = 256 + 8 * i;
          memory.setBigUint64(8 * i, BigInt(block) + BigInt(at), true);
          if (type === 'f') memory.setFloat32(at, x, true);
          else if (type === 'i') memory.setInt32(at, x, true);
          else memory.setBigInt64(at, BigInt(x), true);
        });
        must(`cuLaunchKernel ${name}`, launch(kernel[0], blocks, 1, 1, threads, 1, 1, 0, stream, block, null));
      };
      return [name, run];
    }),
  );
}
