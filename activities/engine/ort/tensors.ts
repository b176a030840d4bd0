/** onnxruntime tensors over plain arrays, without copying. */
import { Tensor } from 'onnxruntime-node';

export function float32(data: Float32Array, shape: readonly number[]): Tensor {
  return new Tensor('float32', data, shape);
}

export function int64(data: BigInt64Array, shape: readonly number[]): Tensor {
  return new Tensor('int64', data, shape);
}

export function int32(data: Int32Array, shape: readonly number[]): Tensor {
  return new Tensor('int32', data, shape);
}
