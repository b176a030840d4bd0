/** Layers that architectures share. */

import { gatherDistinctRows } from '../graph/customGradients.js';
import type { Tensor } from '../graph/graph.js';
import { add, erf, matmul, mean, multiply, reciprocal, sqrt, subtract, tanh } from '../graph/operators.js';

/** x · weightᵀ (+ bias) for `x [n, in]`, `weight [out, in]`, `bias [out]`. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const product = matmul(x, weight, { transposeB: true });
  return bias ? add(product, bias) : product;
}

/**
 * The rows that a layer computes after its attention: all of them, but in the last layer only the rows `read`, int64 `[read]`,
 * because no later attention looks at the others. In a model with few layers that saves a large part of the work.
 */
export function rowsAfterAttention(layers: number, read: Tensor | undefined): (x: Tensor, layer: number) => Tensor {
  return (x, layer) => (read && layer === layers - 1 ? gatherDistinctRows(x, read) : x);
}

/** LayerNorm (Ba et al., 2016) over the last axis: (x − mean) / √(variance + ε), then · gain + bias where given. */
export function layerNorm(
  x: Tensor,
  epsilon: number,
  affine?: { readonly gain: Tensor; readonly bias: Tensor },
): Tensor {
  const centred = subtract(x, mean(x, [-1], true));
  const scale = reciprocal(sqrt(add(mean(multiply(centred, centred), [-1], true), epsilon)));
  const normed = multiply(centred, scale);
  return affine ? add(multiply(normed, affine.gain), affine.bias) : normed;
}

/** x · Φ(x), Φ the standard normal's cumulative distribution (Hendrycks and Gimpel, 2016). */
export function gelu(x: Tensor): Tensor {
  return multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1));
}

/** GPT-2's approximation of `gelu` by tanh, Hugging Face's `gelu_new`. */
export function geluTanh(x: Tensor): Tensor {
  const cubic = add(x, multiply(multiply(multiply(x, x), x), 0.044715));
  return multiply(multiply(x, 0.5), add(tanh(multiply(cubic, Math.sqrt(2 / Math.PI))), 1));
}
