/**
 * The keys and values of all positions decoded so far, for a batch of rows: two arrays a layer, each
 * `[rows, keyValueHeads, capacity, size]`, allocated once. Consecutive rows are a view, so a graph can run on part of a batch.
 */
import type { Tensor } from 'onnxruntime-node';
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';
import type { Precision } from '../graph/precision.js';
import type { AttentionSizes } from '../models/languageModel.js';
import { chosenDevice } from '../ort/devices.js';
import { copyOnDevice, fillWithZeros, leaveDevice, reserveOnDevice, type StridedArray } from '../ort/placement.js';
import { float32, halves } from '../ort/tensors.js';
import { cacheName } from './cachedAttention.js';

export interface KeyValueCache {
  readonly sizes: AttentionSizes;
  /** Most positions of a row. */
  readonly capacity: number;
  readonly precision: Precision;
  readonly layers: readonly Readonly<Record<'keys' | 'values', CacheArray>>[];
}

/** Floats, or the bits of 16-bit floats. */
type CacheArray = Float32Array | Uint16Array;

/** Floats of one row in one of a layer's arrays. */
function rowSize({ keyValueHeads, size }: AttentionSizes, capacity: number): number {
  return keyValueHeads * capacity * size;
}

/** Bytes of one row over all layers. */
export function bytesPerRow(sizes: AttentionSizes, capacity: number, precision: Precision = 'float32'): number {
  return sizes.layers.length * 2 * rowSize(sizes, capacity) * arrayType(precision).BYTES_PER_ELEMENT;
}

function arrayType(precision: Precision): Float32ArrayConstructor | Uint16ArrayConstructor {
  return precision === 'float32' ? Float32Array : Uint16Array;
}

/** Its contents are undefined until written: its memory may be that of an earlier cache. */
export async function createCache(
  sizes: AttentionSizes,
  rows: number,
  capacity: number,
  precision: Precision = 'float32',
): Promise<KeyValueCache> {
  const floats = rows * rowSize(sizes, capacity);
  const CacheArray = arrayType(precision);
  const bytes = floats * CacheArray.BYTES_PER_ELEMENT;
  const memory = takeMemory(2 * sizes.layers.length * bytes);
  await reserveOnDevice([memory]);
  // Attention in plain operators reads all positions, and a product with no number is no number.
  if (precision === 'float32' && chosenDevice().preferences.plainCacheInFloat32)
    fillWithZeros({ memory: float32(new Float32Array(memory), [memory.byteLength / CacheArray.BYTES_PER_ELEMENT]) });
  const layers = sizes.layers.map((_, layer) => ({
    keys: new CacheArray(memory, 2 * layer * bytes, floats),
    values: new CacheArray(memory, (2 * layer + 1) * bytes, floats),
  }));
  return { sizes, capacity, precision, layers };
}

/** Memory of a released cache. The next batch is mostly of the same size, and new memory costs a page fault each 4 kB. */
let spare: ArrayBuffer | undefined;
const largestSpareBytes = 1 << 28;

function takeMemory(bytes: number): ArrayBuffer {
  if (spare === undefined || spare.byteLength < bytes) return new ArrayBuffer(bytes);
  const taken = spare;
  spare = undefined;
  return taken;
}

/** Gives back the memory of a cache, which must not be used afterwards. */
export function releaseCache({ layers }: KeyValueCache): void {
  const memory = at(layers, 0).keys.buffer;
  if (!(memory instanceof ArrayBuffer)) return;
  const isKept = memory.byteLength <= largestSpareBytes && memory.byteLength > (spare?.byteLength ?? 0);
  const dropped = isKept ? spare : memory;
  if (isKept) spare = memory;
  if (dropped) leaveDevice([dropped]);
}

/** Rows `from` … `from + count − 1` as inputs and as outputs of a graph with `cachedAttention`. */
export function cacheTensors(
  { sizes, capacity, precision, layers }: KeyValueCache,
  from: number,
  count: number,
): { readonly past: Record<string, Tensor>; readonly present: Record<string, Tensor> } {
  const size = rowSize(sizes, capacity);
  const past: Record<string, Tensor> = {};
  const present: Record<string, Tensor> = {};
  layers.forEach((layer, index) => {
    for (const part of ['keys', 'values'] as const) {
      const rows = layer[part].subarray(from * size, (from + count) * size);
      const tensor = tensorOver(rows, precision, [count, sizes.keyValueHeads, capacity, sizes.size]);
      past[cacheName('past', index, part)] = tensor;
      present[cacheName('present', index, part)] = tensor;
    }
  });
  return { past, present };
}

function tensorOver(data: CacheArray, precision: Precision, shape: readonly number[]): Tensor {
  if (data instanceof Float32Array) return float32(data, shape);
  if (precision === 'float32') throw new InternalError('a cache of float32 over 16-bit floats');
  return halves(precision, data, shape);
}

/** Where a row's heads lie: in an array behind each other, and in the next array a whole array further. */
function rowIn({ sizes, capacity, layers }: KeyValueCache, row: number): StridedArray {
  const size = rowSize(sizes, capacity);
  const { keys } = at(layers, 0);
  return {
    array: keys.subarray(row * size, (row + 1) * size),
    pitch: capacity * sizes.size * keys.BYTES_PER_ELEMENT,
    rowsApart: (keys.length / size) * sizes.keyValueHeads,
  };
}

/** Copies the first `positions` positions of a row to a row of the same cache or of another one of the same model. */
export function copyRow(
  from: KeyValueCache,
  fromRow: number,
  to: KeyValueCache,
  toRow: number,
  positions: number,
): void {
  const { keyValueHeads, size } = from.sizes;
  const length = positions * size;
  if (length === 0) return;
  const floatBytes = at(from.layers, 0).keys.BYTES_PER_ELEMENT;
  const sizes = { bytes: length * floatBytes, rows: keyValueHeads, count: 2 * from.layers.length };
  if (copyOnDevice(sizes, rowIn(from, fromRow), rowIn(to, toRow))) return;
  from.layers.forEach((source, layer) => {
    const target = at(to.layers, layer);
    for (const part of ['keys', 'values'] as const)
      for (let head = 0; head < keyValueHeads; head++) {
        const start = (fromRow * keyValueHeads + head) * from.capacity * size;
        target[part].set(
          source[part].subarray(start, start + length),
          (toRow * keyValueHeads + head) * to.capacity * size,
        );
      }
  });
}
