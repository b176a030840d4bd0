/**
 * Twins: memory on the device that stands for arrays of this process between runs. Training and decoding work with plain arrays on
 * every device; an array that was placed is read and written on the device by every run, and nothing travels.
 *
 * The array is out of date from the first run that writes its twin until `fetch` copies the numbers back. Twins of arrays that the
 * garbage collector takes are freed.
 */
import type { Tensor } from 'onnxruntime-node';
import { InternalError } from '../../../errors.js';
import { at } from '../../../invariant.js';
import { loadCudaLibraries, loadCudaRuntime } from '../capi/cudaLibraries.js';
import type { Handle } from '../capi/functions.js';
import { chosenDevice } from '../devices.js';
import type { Tensors } from '../session.js';
import { cudaMemory } from './cudaMemory.js';
import {
  aligned,
  counting,
  type DeviceMemory,
  noTransfers,
  type StridedPlace,
  type Transfers,
} from './deviceMemory.js';
import { hostMemory } from './hostMemory.js';

/** Several arrays that are placed at once share an allocation. */
interface Allocation {
  readonly address: Handle;
  /** Buffers of this process with parts in it. */
  users: number;
}

/** The twin of consecutive bytes of a buffer. */
export interface Part {
  /** In the buffer. */
  readonly start: number;
  readonly end: number;
  readonly address: Handle;
  readonly allocation: Allocation;
  /** Whether the device has written it since it was last copied to or from the array. */
  isNewer: boolean;
}

type Buffer = ArrayBufferLike;

/** Of each buffer with twins, in the order of their starts. */
const parts = new WeakMap<Buffer, readonly Part[]>();
/** The same, to be gone through. */
const placed = new Map<readonly Part[], WeakRef<Buffer>>();
const collected = new FinalizationRegistry<readonly Part[]>(free);

const transfers = noTransfers();
let memory: DeviceMemory | undefined;

/** The chosen device's memory. @throws UnavailableDevice where it cannot be reached. */
export function deviceMemory(): DeviceMemory {
  memory ??= counting(openMemory(), transfers);
  return memory;
}

function openMemory(): DeviceMemory {
  const { memory: kind, provider, index } = chosenDevice();
  switch (kind) {
    case 'cuda':
      return cudaMemory(provider === 'cuda' ? loadCudaLibraries() : loadCudaRuntime(), index);
    case 'ordinary':
      return hostMemory();
    case null:
      throw new InternalError('a device whose memory is not ours to use');
  }
}

/** What went to and from the device so far. */
export function transfersSoFar(): Transfers {
  return { ...transfers };
}

/**
 * Copies arrays to the device that are not there yet, all into one allocation.
 * @param numbers `zeros` says that all of them are: then nothing travels.
 */
export function place(tensors: Tensors, numbers: 'any' | 'zeros' = 'any'): void {
  const absent = new Map<Buffer, Map<number, Uint8Array>>();
  for (const { data } of Object.values(tensors)) {
    const bytes = bytesOf(data);
    if (find(bytes) === null && bytes.byteLength > 0) {
      const ofBuffer = absent.get(bytes.buffer) ?? new Map<number, Uint8Array>();
      absent.set(bytes.buffer, ofBuffer.set(bytes.byteOffset, bytes));
    }
  }
  const arrays = [...absent].map(([buffer, ofBuffer]) => ({ buffer, views: [...ofBuffer.values()] }));
  for (const { address, bytes } of allocate(arrays))
    if (numbers === 'zeros') deviceMemory().zero(address, bytes.byteLength);
    else deviceMemory().upload(address, bytes);
}

/** Gives whole buffers a place on the device, of undefined contents until a run writes them there. */
export function reserve(buffers: readonly ArrayBuffer[]): void {
  const absent = buffers.filter((buffer) => !parts.has(buffer) && buffer.byteLength > 0);
  allocate(absent.map((buffer) => ({ buffer, views: [new Uint8Array(buffer)] })));
}

/** One allocation for all views. @throws OutOfMemory */
function allocate(
  arrays: readonly { readonly buffer: Buffer; readonly views: readonly Uint8Array[] }[],
): readonly (Part & { readonly bytes: Uint8Array })[] {
  const views = arrays.flatMap((one) => one.views);
  if (views.length === 0) return [];
  const size = views.reduce((total, { byteLength }) => total + aligned(byteLength), 0);
  const allocation: Allocation = { address: deviceMemory().allocate(size), users: arrays.length };
  let next = allocation.address;
  return arrays.flatMap(({ buffer, views }) => {
    const made = views.map((bytes) => {
      const [start, address] = [bytes.byteOffset, next];
      next += BigInt(aligned(bytes.byteLength));
      return { start, end: start + bytes.byteLength, address, allocation, isNewer: false, bytes };
    });
    keep(
      buffer,
      made.map(({ bytes: _, ...part }) => part),
    );
    return made;
  });
}

/** Parts of a buffer that had some already lie beside those. */
function keep(buffer: Buffer, made: readonly Part[]): void {
  const before = parts.get(buffer) ?? [];
  const all = [...before, ...made].sort((a, b) => a.start - b.start);
  const overlaps = all.some(({ start }, index) => index > 0 && start < at(all, index - 1).end);
  if (overlaps) throw new InternalError('an array that is on the device in part');
  collected.unregister(buffer);
  placed.delete(before);
  // An allocation counts each buffer's list of parts once: a list of several allocations counts in all of them.
  parts.set(buffer, all);
  placed.set(all, new WeakRef(buffer));
  collected.register(buffer, all, buffer);
}

/** Where an array lies on the device; null where it has no twin. */
export function find(bytes: Uint8Array): { readonly part: Part; readonly address: Handle } | null {
  const ofBuffer = parts.get(bytes.buffer);
  if (ofBuffer === undefined) return null;
  let [low, high] = [0, ofBuffer.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(ofBuffer, middle).end <= bytes.byteOffset) low = middle + 1;
    else high = middle;
  }
  const part = ofBuffer[low];
  const end = bytes.byteOffset + bytes.byteLength;
  if (part === undefined || end <= part.start) return null;
  if (bytes.byteOffset < part.start || end > part.end)
    throw new InternalError('an array that is on the device in part');
  return { part, address: part.address + BigInt(bytes.byteOffset - part.start) };
}

/** Copies what the device has written into the arrays, so that they may be read. Their twins stay. */
export function fetch(tensors: Tensors): void {
  for (const { data } of Object.values(tensors)) {
    const bytes = bytesOf(data);
    const part = find(bytes)?.part;
    if (!part?.isNewer) continue;
    deviceMemory().download(new Uint8Array(bytes.buffer, part.start, part.end - part.start), part.address);
    part.isNewer = false;
  }
}

/** Fills arrays with zeros: their twins where they have them. */
export function clear(tensors: Tensors): void {
  for (const { data } of Object.values(tensors)) {
    const bytes = bytesOf(data);
    const twin = find(bytes);
    if (twin === null) bytes.fill(0);
    else {
      deviceMemory().zero(twin.address, bytes.byteLength);
      twin.part.isNewer = true;
    }
  }
}

/** A place of `Strided` by the array that it is in, instead of its address. */
export type StridedArray = Omit<StridedPlace, 'address'> & { readonly array: Float32Array | Uint16Array };

/**
 * Copies blocks of bytes (`Strided`) from one array's twin to another's.
 * @returns false, and copies nothing, where they have no twins.
 */
export function copyTwins(
  sizes: { readonly bytes: number; readonly rows: number; readonly count: number },
  from: StridedArray,
  to: StridedArray,
): boolean {
  const [source, target] = [find(bytesOf(from.array)), find(bytesOf(to.array))];
  if (source === null || target === null) return false;
  deviceMemory().copy({
    ...sizes,
    from: { address: source.address, pitch: from.pitch, rowsApart: from.rowsApart },
    to: { address: target.address, pitch: to.pitch, rowsApart: to.rowsApart },
  });
  target.part.isNewer = true;
  return true;
}

/** Frees what the device holds for arrays. What it has written and nobody fetched is lost. */
export function leave(tensors: Tensors): void {
  leaveBuffers(Object.values(tensors).map(({ data }) => bytesOf(data).buffer));
}

/** The same, of all arrays in these buffers. */
export function leaveBuffers(buffers: readonly Buffer[]): void {
  for (const buffer of buffers) {
    const ofBuffer = parts.get(buffer);
    if (ofBuffer === undefined) continue;
    parts.delete(buffer);
    collected.unregister(buffer);
    free(ofBuffer);
  }
}

/**
 * For between two tasks, when no run is bound. Frees twins that were written and never fetched: nothing will read them any more. Where
 * the device is more than half full, frees those too whose arrays are up to date, which are placed anew as they are needed.
 */
export function trimTwins(): void {
  if (memory === undefined) return;
  const { free, total } = memory.room();
  const isFull = free < total / 2;
  for (const [ofBuffer, reference] of placed) {
    const buffer = reference.deref();
    if (buffer !== undefined && (isFull || ofBuffer.some(({ isNewer }) => isNewer))) leaveBuffers([buffer]);
  }
}

function free(ofBuffer: readonly Part[]): void {
  placed.delete(ofBuffer);
  for (const allocation of new Set(ofBuffer.map((part) => part.allocation))) {
    allocation.users--;
    if (allocation.users === 0) deviceMemory().free(allocation.address);
  }
}

export function bytesOf(data: Tensor.DataType): Uint8Array {
  if (!ArrayBuffer.isView(data)) throw new InternalError('a tensor of strings has no bytes');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
