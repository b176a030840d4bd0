/** onnxruntime tensors over plain arrays, without copying. */
import { Tensor } from 'onnxruntime-node';
import type { HalfType } from '../graph/graph.js';

export function float32(data: Float32Array, shape: readonly number[]): Tensor {
  return new Tensor('float32', data, shape);
}

/** Over the bits of 16-bit floats. */
export function halves(type: HalfType, bits: Uint16Array, shape: readonly number[]): Tensor {
  // onnxruntime-node has no type for bfloat16. No graph of ours has uint16, so the C API's sessions take it for that (`capi/session.ts`).
  return new Tensor(type === 'float16' ? 'float16' : 'uint16', bits, shape);
}

export function int64(data: BigInt64Array, shape: readonly number[]): Tensor {
  return new Tensor('int64', data, shape);
}

export function int32(data: Int32Array, shape: readonly number[]): Tensor {
  return new Tensor('int32', data, shape);
}
