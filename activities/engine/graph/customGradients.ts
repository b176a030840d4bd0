/**
 * Formulas of several operators with one gradient of their own. It is cheaper than what `gradients.ts` would put together from
 * the rules of the parts, in time or in the memory that the forward has to keep for the backward.
 */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';
import { after } from './after.js';
import { fusedNorm, fusedSwiGlu } from './fusedOperators.js';
import { append, appendWithGradient, dimensionAt, once, recompute, type Tensor } from './graph.js';
import {
  add,
  divide,
  exp,
  full,
  matmul,
  mean,
  multiply,
  negate,
  reciprocal,
  reshape,
  scatterAddElements,
  scatterRows,
  sigmoid,
  softmax,
  sqrt,
  subtract,
  sum,
  tanh,
} from './operators.js';
import type { Dimension } from './shape.js';

/** An activation function f, and what the backward needs of it. */
interface Activation {
  readonly value: (x: Tensor) => Tensor;
  /** f(x) again, and its derivative. */
  readonly again: (x: Tensor) => { readonly y: Tensor; readonly slope: () => Tensor };
}

/**
 * f(gate) · up, both of one shape: what gated MLPs compute (Shazeer, 2020). Its gradients are g · up · f′(gate) for the gate and
 * g · f(gate) for `up`.
 *
 * The backward computes f(gate) and the result again: kept, they would be most of the memory that a decoder layer takes.
 */
function gated(gate: Tensor, up: Tensor, activation: Activation): Tensor {
  const again = once((gradient: Tensor) => activation.again(after(gate, gradient)));
  const result = appendWithGradient(
    gate.graph,
    'Mul',
    [activation.value(gate), up],
    { type: gate.type, shape: gate.shape },
    {},
    {
      sources: [gate, up],
      rule: (_, g) => {
        const { y, slope } = again(g);
        return [multiply(multiply(g, up), slope()), multiply(g, y)];
      },
    },
  );
  return recompute(result, (gradient) => multiply(again(gradient).y, up));
}

/** silu(gate) · up with silu(x) = x · s, s = sigmoid(x). Its derivative is s + y · (1 − s). */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  if (gate.graph.preferences.fusedOperators) return fusedSwiGlu(gate, up);
  return gated(gate, up, {
    value: (x) => multiply(x, sigmoid(x)),
    again: (x) => {
      const s = sigmoid(x);
      const y = multiply(x, s);
      return { y, slope: () => add(s, subtract(y, multiply(y, s))) };
    },
  });
}

/**
 * gelu(gate) · up with the tanh approximation gelu(x) = ½x · (1 + t), t = tanh(c · (x + ax³)), c = √(2/π), a = 0.044715 (Hendrycks
 * and Gimpel, 2016). Its derivative is ½(1 + t) + ½x · (1 − t²) · c · (1 + 3ax²).
 */
export function geglu(gate: Tensor, up: Tensor): Tensor {
  const [c, a] = [Math.sqrt(2 / Math.PI), 0.044715];
  const parts = (x: Tensor) => {
    const square = multiply(x, x);
    const t = tanh(multiply(x, add(multiply(square, c * a), c)));
    const [half, rise] = [multiply(x, 0.5), add(t, 1)];
    return { square, t, half, rise };
  };
  return gated(gate, up, {
    value: (x) => {
      const { half, rise } = parts(x);
      return multiply(half, rise);
    },
    again: (x) => {
      const { square, t, half, rise } = parts(x);
      const slope = (): Tensor => {
        const steep = multiply(subtract(1, multiply(t, t)), add(multiply(square, 3 * c * a), c));
        return add(multiply(rise, 0.5), multiply(half, steep));
      };
      return { y: multiply(half, rise), slope };
    },
  });
}

/**
 * Root-mean-square normalisation (Zhang and Sennrich, 2019) of `x [n, width]`: y = n·gain with n = x·r and r = 1/√(mean(x²) + ε).
 * Its gradients are Σ g·n for the gain and (g·gain − n·mean(g·gain·n))·r for x. The backward computes n and y again.
 */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  const width = dimensionAt(x, -1);
  if (typeof width !== 'number') throw new InternalError(`rmsNorm over a dynamic dimension of ${x.name}`);
  if (!x.graph.differentiable)
    return append(
      x.graph,
      'SimplifiedLayerNormalization',
      [x, gain],
      { type: x.type, shape: x.shape },
      { axis: { kind: 'int', value: -1 }, epsilon: { kind: 'float', value: epsilon } },
    );
  if (x.graph.preferences.fusedOperators) return fusedNorm(x, gain, epsilon);
  const scale = reciprocal(sqrt(add(mean(multiply(x, x), [-1], true), epsilon)));
  const again = once((gradient: Tensor) => multiply(after(x, gradient), scale));
  const result = appendWithGradient(
    x.graph,
    'Mul',
    [multiply(x, scale), gain],
    { type: x.type, shape: x.shape },
    {},
    {
      sources: [x, gain],
      rule: (_, g) => {
        const normalised = again(g);
        const weighted = multiply(g, normalised);
        const column = reshape(gain, [width, 1]);
        const projection = multiply(matmul(weighted, column), 1 / width);
        const change = subtract(multiply(g, gain), multiply(normalised, projection));
        return [multiply(change, scale), reshape(sum(weighted, [0], true), gain.shape)];
      },
    },
  );
  return recompute(result, (gradient) => multiply(again(gradient), gain));
}

/**
 * softmax(scores) · values: `scores [..., n, m]`, `values [..., m, width]` → `[..., n, width]`. With P the softmax and Y the
 * result, the gradient of the scores is P ∘ (g·valuesᵀ − d), where d are the row sums of P ∘ (g·valuesᵀ). They equal the row sums
 * of g ∘ Y, so only two passes over the large matrix are needed (Dao et al., FlashAttention, 2022).
 */
export function softmaxMatmul(scores: Tensor, values: Tensor): Tensor {
  const weights = softmax(scores);
  return appendWithGradient(
    scores.graph,
    'MatMul',
    [weights, values],
    { type: scores.type, shape: [...scores.shape.slice(0, -1), dimensionAt(values, -1)] },
    {},
    {
      sources: [scores, values],
      rule: ({ outputs }, g) => {
        const gradient = matmul(g, values, { transposeB: true });
        const change = subtract(gradient, sum(multiply(g, at(outputs, 0)), [-1], true));
        return [multiply(change, weights), matmul(weights, g, { transposeA: true })];
      },
    },
  );
}

/**
 * Rows of a matrix, none twice: `x [rows, width]`, distinct int64 `indices [n]` → `[n, width]`. Its gradient is written row by
 * row, where that of `gatherRows` has to add up element by element.
 */
export function gatherDistinctRows(x: Tensor, indices: Tensor): Tensor {
  return appendWithGradient(
    x.graph,
    'Gather',
    [x, indices],
    { type: x.type, shape: [...indices.shape, ...x.shape.slice(1)] },
    { axis: { kind: 'int', value: 0 } },
    { rule: (_, g) => [scatterRows(x.shape, indices, g), null] },
  );
}

/**
 * log softmax of `logits [n, width]` at one column of each row: `[n]`. `all` is logSoftmax(logits), `indices [n]` are int64.
 * The gradient of the logits is g at the column, less g · softmax.
 */
export function gatherLogSoftmax(logits: Tensor, all: Tensor, indices: Tensor): Tensor {
  const column = reshape(indices, [dimensionAt(indices, 0), 1]);
  const gathered = appendWithGradient(
    all.graph,
    'GatherElements',
    [all, column],
    { type: all.type, shape: [dimensionAt(all, 0), 1] },
    { axis: { kind: 'int', value: 1 } },
    {
      sources: [logits],
      rule: (node, g) => {
        // Else `all` would stay in memory until the loss is computed, which no gradient needs: to the end (`runOrder.ts`).
        const gatheredFirst = after(g, at(node.outputs, 0));
        return [scatterAddElements(multiply(exp(all), negate(gatheredFirst)), column, gatheredFirst, 1)];
      },
    },
  );
  return reshape(gathered, [dimensionAt(all, 0)]);
}

/**
 * The mean of `x [n]` over each segment, at each of its places: `[n]`. Place i belongs to segment `segmentOf[i]`, int64 `[n]`, of so
 * many `segments`. It is a projection, so its gradient is the segment means of g.
 */
export function segmentMeans(x: Tensor, segmentOf: Tensor, segments: Dimension): Tensor {
  const { graph, type } = x;
  const sumOf = (values: Tensor): Tensor => scatterAddElements(full(graph, type, [segments], 0), segmentOf, values, 0);
  const means = divide(sumOf(x), sumOf(full(graph, type, x.shape, 1)));
  return appendWithGradient(
    graph,
    'Gather',
    [means, segmentOf],
    { type, shape: x.shape },
    { axis: { kind: 'int', value: 0 } },
    { sources: [x], rule: (_, g) => [segmentMeans(g, segmentOf, segments)] },
  );
}
