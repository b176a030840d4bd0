/** Layers that architectures share. */

import { at } from '../../invariant.js';
import { gatherDistinctRows } from '../graph/customGradients.js';
import { dimensionAt, type Tensor } from '../graph/graph.js';
import {
  add,
  concatenate,
  erf,
  matmul,
  mean,
  multiply,
  reciprocal,
  split,
  sqrt,
  subtract,
  tanh,
} from '../graph/operators.js';

/** x · weightᵀ (+ bias) for `x [n, in]`, `weight [out, in]`, `bias [out]`. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const product = matmul(x, weight, { transposeB: true });
  return bias ? add(product, bias) : product;
}

/** A linear layer's weight `[out, in]` and bias `[out]`. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

/** What several linear layers make of the same states `x [n, in]`, one after the other: where the device likes it, in one product. */
export function projections<const Layers extends readonly Linear[]>(
  x: Tensor,
  layers: Layers,
): { readonly [Index in keyof Layers]: Tensor } {
  const made = x.graph.preferences.joinsProjections
    ? joined(x, layers)
    : layers.map(({ weight, bias }) => linear(x, weight, bias));
  return made as { readonly [Index in keyof Layers]: Tensor };
}

/** The weights are put together at each run: that copies them once, and saves as many products less one, and their sums behind. */
function joined(x: Tensor, layers: readonly Linear[]): readonly Tensor[] {
  const weights = layers.map(({ weight }) => weight);
  const sizes = weights.map((weight) => Number(dimensionAt(weight, 0)));
  const parts = split(matmul(x, concatenate(weights, 0), { transposeB: true }), sizes, 1);
  return parts.map((part, index) => {
    const { bias } = at(layers, index);
    return bias ? add(part, bias) : part;
  });
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
