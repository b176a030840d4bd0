/** Keeps what the backward computes again from being computed in the forward. */
import { append, type Tensor } from './graph.js';
import { concatenate, shapeTensor, sizeAt } from './operators.js';

/**
 * `x` itself, but not before `other` has been computed (JAX's optimization_barrier): a reshape to the same shape, whose first
 * dimension is read from `other` where both have it. Without it onnxruntime would run the backward's recomputation during the
 * forward, or merge it with the forward's own nodes, and keep the results until the backward needs them.
 */
export function after(x: Tensor, other: Tensor): Tensor {
  const [rows, ...rest] = x.shape;
  if (rows !== other.shape[0] || rest.some((dimension) => typeof dimension !== 'number')) return x;
  const shape = concatenate([sizeAt(other, 0), shapeTensor(x.graph, rest)], 0);
  return append(x.graph, 'Reshape', [x, shape], { type: x.type, shape: x.shape });
}
