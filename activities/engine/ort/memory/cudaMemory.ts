/**
 * A CUDA device's memory, through CUDA's runtime (libcudart) by koffi: https://docs.nvidia.com/cuda/cuda-runtime-api.
 *
 * onnxruntime could copy tensors itself, but not to and from a provider that was appended to a session.
 */
import type { LibraryHandle } from 'koffi';
import { OutOfMemory, UnavailableDevice } from '../../../errors.js';
import { at } from '../../../invariant.js';
import { bytesAt } from '../capi/foreign.js';
import type { Handle } from '../capi/functions.js';
import type { DeviceMemory, Strided, StridedPlace } from './deviceMemory.js';

/** `cudaMemcpyKind`. */
const [toDevice, toHost, onDevice] = [1, 2, 3];
/** `cudaErrorMemoryAllocation`. */
const outOfMemory = 2;

/** Downloads come in parts of so many bytes: one is copied into its array while the next is on its way. */
const downloadPart = 1 << 24;

const signatures = {
  cudaSetDevice: ['int'],
  cudaMalloc: ['void *', 'size_t'],
  cudaFree: ['void *'],
  cudaHostAlloc: ['void *', 'size_t', 'uint'],
  cudaFreeHost: ['void *'],
  cudaMemcpy: ['void *', 'void *', 'size_t', 'int'],
  cudaMemcpyAsync: ['void *', 'void *', 'size_t', 'int', 'void *'],
  cudaMemcpy3D: ['void *'],
  cudaMemset: ['void *', 'int', 'size_t'],
  cudaStreamSynchronize: ['void *'],
  cudaMemGetInfo: ['void *', 'void *'],
} as const;

type Name = keyof typeof signatures;

/**
 * @param runtime libcudart.
 * @throws UnavailableDevice when there is no such device.
 */
export function cudaMemory(runtime: LibraryHandle, device: number): DeviceMemory {
  const functions = Object.fromEntries(
    Object.entries(signatures).map(([name, parameters]) => [name, runtime.func(name, 'int', [...parameters])]),
  );
  const textOf = runtime.func('cudaGetErrorString', 'const char *', ['int']);
  const call = (name: Name, ...passed: unknown[]): void => {
    const code: number = functions[name]?.(...passed);
    if (code === 0) return;
    const message = `${name} failed with ${code}: ${textOf(code)}`;
    throw code === outOfMemory ? new OutOfMemory(`the GPU: ${message}`) : new UnavailableDevice('cuda', message);
  };
  const given = (name: Name, ...passed: unknown[]): Handle => {
    const box = new BigUint64Array(1);
    call(name, box, ...passed);
    return at(box, 0);
  };
  const stage = (bytes: number) => {
    const address = given('cudaHostAlloc', bytes, 0);
    return { address, bytes: bytesAt(address, bytes), free: () => call('cudaFreeHost', address) };
  };

  call('cudaSetDevice', device);
  /** Whether something was started that this process has not waited for. */
  let isUnsettled = false;
  /** Made at the first large download, and kept. */
  let parts: ReturnType<typeof stage>[] | undefined;

  const downloadInParts = (to: Uint8Array, from: Handle): void => {
    parts ??= [stage(downloadPart), stage(downloadPart)];
    const starts = Array.from({ length: Math.ceil(to.byteLength / downloadPart) }, (_, part) => part * downloadPart);
    const size = (start: number): number => Math.min(downloadPart, to.byteLength - start);
    const buffers = parts;
    const begin = (part: number): void => {
      const start = starts[part];
      if (start === undefined) return;
      const { address } = at(buffers, part % 2);
      call('cudaMemcpyAsync', address, from + BigInt(start), size(start), toHost, null);
    };
    begin(0);
    for (const [part, start] of starts.entries()) {
      call('cudaStreamSynchronize', null);
      begin(part + 1);
      to.set(at(buffers, part % 2).bytes.subarray(0, size(start)), start);
    }
  };

  return {
    allocate: (bytes) => given('cudaMalloc', bytes),
    free: (address) => call('cudaFree', address),
    stage,
    upload(to, from) {
      call('cudaMemcpy', to, from, from.byteLength, toDevice);
      // From ordinary memory the call returns when the bytes are on their way.
      isUnsettled = true;
    },
    download(to, from) {
      if (to.byteLength > downloadPart) downloadInParts(to, from);
      else call('cudaMemcpy', to, from, to.byteLength, toHost);
    },
    zero(address, bytes) {
      call('cudaMemset', address, 0, bytes);
      isUnsettled = true;
    },
    copy(blocks) {
      call('cudaMemcpy3D', copyParameters(blocks));
      isUnsettled = true;
    },
    settle() {
      if (isUnsettled) call('cudaStreamSynchronize', null);
      isUnsettled = false;
    },
    room() {
      const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
      call('cudaMemGetInfo', free, total);
      return { free: Number(at(free, 0)), total: Number(at(total, 0)) };
    },
  };
}

/**
 * `cudaMemcpy3DParms`: arrays, positions and pitched pointers of source and destination, the extent, the kind. All of its fields
 * take eight bytes.
 */
function copyParameters({ bytes, rows, count, from, to }: Strided): BigUint64Array {
  const place = ({ address, pitch, rowsApart }: StridedPlace): bigint[] => [
    // No array, position 0 0 0, then pointer, pitch, and the size of a group.
    0n,
    0n,
    0n,
    0n,
    address,
    BigInt(pitch),
    BigInt(pitch),
    BigInt(rowsApart),
  ];
  const extent = [BigInt(bytes), BigInt(rows), BigInt(count)];
  return BigUint64Array.from([...place(from), ...place(to), ...extent, BigInt(onDevice)]);
}
