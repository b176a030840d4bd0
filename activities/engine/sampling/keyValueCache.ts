/**
 * The keys and values of all positions decoded so far, for a batch of rows: two arrays a layer, each
 * `[rows, keyValueHeads, capacity, size]`, allocated once. Consecutive rows are a view, so a graph can run on part of a batch.
 */
import type { Tensor } from 'onnxruntime-node';
import { at } from '../../invariant.js';
import type { AttentionSizes } from '../models/languageModel.js';
import { float32 } from '../ort/tensors.js';
import { cacheName } from './cachedAttention.js';

export interface KeyValueCache {
  readonly sizes: AttentionSizes;
  /** Most positions of a row. */
  readonly capacity: number;
  readonly layers: readonly { readonly keys: Float32Array; readonly values: Float32Array }[];
}

/** Floats of one row in one of a layer's arrays. */
function rowSize({ keyValueHeads, size }: AttentionSizes, capacity: number): number {
  return keyValueHeads * capacity * size;
}

/** Bytes of one row over all layers. */
export function bytesPerRow(sizes: AttentionSizes, capacity: number): number {
  return sizes.layers.length * 2 * rowSize(sizes, capacity) * Float32Array.BYTES_PER_ELEMENT;
}

/** Its contents are undefined until written: its memory may be that of an earlier cache. */
export function createCache(sizes: AttentionSizes, rows: number, capacity: number): KeyValueCache {
  const floats = rows * rowSize(sizes, capacity);
  const bytes = floats * Float32Array.BYTES_PER_ELEMENT;
  const memory = takeMemory(2 * sizes.layers.length * bytes);
  const layers = sizes.layers.map((_, layer) => ({
    keys: new Float32Array(memory, 2 * layer * bytes, floats),
    values: new Float32Array(memory, (2 * layer + 1) * bytes, floats),
  }));
  return { sizes, capacity, layers };
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
  if (!(memory instanceof ArrayBuffer) || memory.byteLength > largestSpareBytes) return;
  if (spare === undefined || spare.byteLength < memory.byteLength) spare = memory;
}

/** Rows `from` … `from + count − 1` as inputs and as outputs of a graph with `cachedAttention`. */
export function cacheTensors(
  { sizes, capacity, layers }: KeyValueCache,
  from: number,
  count: number,
): { readonly past: Record<string, Tensor>; readonly present: Record<string, Tensor> } {
  const size = rowSize(sizes, capacity);
  const past: Record<string, Tensor> = {};
  const present: Record<string, Tensor> = {};
  layers.forEach((layer, index) => {
    for (const part of ['keys', 'values'] as const) {
      const rows = layer[part].subarray(from * size, (from + count) * size);
      const tensor = float32(rows, [count, sizes.keyValueHeads, capacity, sizes.size]);
      past[cacheName('past', index, part)] = tensor;
      present[cacheName('present', index, part)] = tensor;
    }
  });
  return { past, present };
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
