/**
 * The keys and values of every position decoded so far, for a batch of rows: two arrays a layer, each
 * `[rows, keyValueHeads, capacity, size]`, made once. Any run of rows is a view, so part of a batch can be worked on.
 */
import type { Tensor } from 'onnxruntime-node';
import type { AttentionSizes } from '../models/languageModel.js';
import { float32 } from '../ort/tensors.js';
import { cacheName } from './cachedAttention.js';

export interface KeyValueCache {
  readonly sizes: AttentionSizes;
  /** Positions a row has room for. */
  readonly capacity: number;
  readonly layers: readonly { readonly keys: Float32Array; readonly values: Float32Array }[];
}

/** Floats of one row in one of a layer's arrays. */
function rowSize({ keyValueHeads, size }: AttentionSizes, capacity: number): number {
  return keyValueHeads * capacity * size;
}

/** Bytes of one row over all layers. */
export function bytesPerRow(sizes: AttentionSizes, capacity: number): number {
  return sizes.layers * 2 * rowSize(sizes, capacity) * Float32Array.BYTES_PER_ELEMENT;
}

/** Nothing in it may be read before it is written: its memory may be that of an earlier cache. */
export function createCache(sizes: AttentionSizes, rows: number, capacity: number): KeyValueCache {
  const floats = rows * rowSize(sizes, capacity);
  const bytes = floats * Float32Array.BYTES_PER_ELEMENT;
  const memory = takeMemory(2 * sizes.layers * bytes);
  const layers = Array.from({ length: sizes.layers }, (_, layer) => ({
    keys: new Float32Array(memory, 2 * layer * bytes, floats),
    values: new Float32Array(memory, (2 * layer + 1) * bytes, floats),
  }));
  return { sizes, capacity, layers };
}

/** The memory of one cache that is no longer used: the next batch is mostly like the last, and new memory costs a page fault each 4 kB. */
let spare: ArrayBuffer | undefined;
const largestSpareBytes = 1 << 28;

function takeMemory(bytes: number): ArrayBuffer {
  if (spare === undefined || spare.byteLength < bytes) return new ArrayBuffer(bytes);
  const taken = spare;
  spare = undefined;
  return taken;
}

/** Hands back the memory of a cache that nobody uses any more. */
export function releaseCache({ layers: [first] }: KeyValueCache): void {
  const memory = first?.keys.buffer;
  if (!(memory instanceof ArrayBuffer) || memory.byteLength > largestSpareBytes) return;
  if (spare === undefined || spare.byteLength < memory.byteLength) spare = memory;
}

/** Rows `from` … `from + count − 1` as feeds and as results of a graph with `cachedAttention`. */
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

/** Copies the first `positions` positions of a row to a row of the same or another cache of the same model. */
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
    const target = to.layers[layer];
    for (const part of ['keys', 'values'] as const)
      for (let head = 0; head < keyValueHeads; head++) {
        const start = (fromRow * keyValueHeads + head) * from.capacity * size;
        target?.[part].set(
          source[part].subarray(start, start + length),
          (toRow * keyValueHeads + head) * to.capacity * size,
        );
      }
  });
}
