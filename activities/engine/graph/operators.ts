/**
 * The operators that models and losses are written in. Each appends one ONNX node (reshape may add a few to find its shape) and
 * infers the shape of its output. Every differentiable one has a rule in `rules.ts`.
 */

import {
  type Attribute,
  append,
  appendWithRule,
  constant,
  dimensionAt,
  type ElementType,
  type Graph,
  once,
  recompute,
  scalar,
  type Tensor,
} from './graph.js';
import { broadcastShape, type Dimension, describeShape, product, type Shape, sameShape } from './shape.js';

const int = (value: number): Attribute => ({ kind: 'int', value });
const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });

/** Operands of elementwise operators may be plain numbers. */
export type Operand = Tensor | number;

function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? scalar(a, b) : b];
  if (typeof b !== 'number') return [scalar(b, a), b];
  throw new Error('one operand has to be a tensor');
}

function binary(operator: string, a: Operand, b: Operand, type?: ElementType): Tensor {
  const [left, right] = operands(a, b);
  if (left.type !== right.type) throw new Error(`${operator} of ${left.type} and ${right.type}`);
  return append(left.graph, operator, [left, right], {
    type: type ?? left.type,
    shape: broadcastShape(left.shape, right.shape),
  });
}

function unary(operator: string, x: Tensor): Tensor {
  return append(x.graph, operator, [x], { type: x.type, shape: x.shape });
}

export const add = (a: Operand, b: Operand): Tensor => binary('Add', a, b);
export const subtract = (a: Operand, b: Operand): Tensor => binary('Sub', a, b);
export const multiply = (a: Operand, b: Operand): Tensor => binary('Mul', a, b);
export const divide = (a: Operand, b: Operand): Tensor => binary('Div', a, b);
/** Elementwise; where both are equal the gradient goes to the first, as PyTorch's clamp and where do. */
export const maximum = (a: Operand, b: Operand): Tensor => binary('Max', a, b);
export const minimum = (a: Operand, b: Operand): Tensor => binary('Min', a, b);
export const less = (a: Operand, b: Operand): Tensor => binary('Less', a, b, 'bool');
export const equal = (a: Operand, b: Operand): Tensor => binary('Equal', a, b, 'bool');
export const greaterOrEqual = (a: Operand, b: Operand): Tensor => binary('GreaterOrEqual', a, b, 'bool');
export const lessOrEqual = (a: Operand, b: Operand): Tensor => binary('LessOrEqual', a, b, 'bool');

export const negate = (x: Tensor): Tensor => unary('Neg', x);
export const exp = (x: Tensor): Tensor => unary('Exp', x);
export const log = (x: Tensor): Tensor => unary('Log', x);
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x);
export const reciprocal = (x: Tensor): Tensor => unary('Reciprocal', x);
export const sigmoid = (x: Tensor): Tensor => unary('Sigmoid', x);
export const tanh = (x: Tensor): Tensor => unary('Tanh', x);
export const erf = (x: Tensor): Tensor => unary('Erf', x);

/**
 * silu(gate) · up with silu(x) = x · sigmoid(x), as gated feed-forward layers use it. With s = sigmoid(gate) and y = gate · s its
 * gradients are g · up · (s + y · (1 − s)) for the gate and g · y for `up`.
 *
 * The backward computes s, y and the result again: kept, they would be most of the memory that a decoder layer takes.
 */
export function gatedSilu(gate: Tensor, up: Tensor): Tensor {
  const again = once((gradient: Tensor) => {
    const later = after(gate, gradient);
    const s = sigmoid(later);
    return { s, y: multiply(later, s) };
  });
  const result = appendWithRule(
    gate.graph,
    'Mul',
    [multiply(gate, sigmoid(gate)), up],
    { type: gate.type, shape: gate.shape },
    {},
    {
      sources: [gate, up],
      rule: (_, g) => {
        const { s, y } = again(g);
        return [multiply(multiply(g, up), add(s, subtract(y, multiply(y, s)))), multiply(g, y)];
      },
    },
  );
  return recompute(result, (gradient) => multiply(again(gradient).y, up));
}

/**
 * Root-mean-square normalisation over the last axis: y = n·gain with n = x·r and r = 1/√(mean(x²) + ε).
 * Its gradients are Σ g·n for the gain and (g·gain − n·mean(g·gain·n))·r for x. The backward computes n and y again.
 */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  const width = dimensionAt(x, -1);
  if (typeof width !== 'number') throw new Error(`rmsNorm over a dynamic dimension of ${x.name}`);
  if (!x.graph.differentiable)
    return append(
      x.graph,
      'SimplifiedLayerNormalization',
      [x, gain],
      { type: x.type, shape: x.shape },
      { axis: int(-1), epsilon: { kind: 'float', value: epsilon } },
    );
  const scale = reciprocal(sqrt(add(mean(multiply(x, x), [-1], true), epsilon)));
  const again = once((gradient: Tensor) => multiply(after(x, gradient), scale));
  const result = appendWithRule(
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
        const shared = multiply(matmul(weighted, column), 1 / width);
        const change = subtract(multiply(g, gain), multiply(normalised, shared));
        return [multiply(change, scale), reshape(sum(weighted, [0], true), gain.shape)];
      },
    },
  );
  return recompute(result, (gradient) => multiply(again(gradient), gain));
}

/** `condition ? a : b`, elementwise with broadcasting. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [left, right] = operands(a, b);
  const shape = broadcastShape(condition.shape, broadcastShape(left.shape, right.shape));
  return append(condition.graph, 'Where', [condition, left, right], { type: left.type, shape });
}

export function cast(x: Tensor, type: ElementType): Tensor {
  const onnxType = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 }[type];
  return append(x.graph, 'Cast', [x], { type, shape: x.shape }, { to: int(onnxType) });
}

/**
 * Matrix product over the last two axes, leading axes equal or broadcast: `[…, m, k] × […, k, n] → […, m, n]`.
 * Transposed operands and a factor cost nothing (onnxruntime's FusedMatMul).
 * @throws Error when inner dimensions differ, or leading ones do not broadcast.
 */
export function matmul(
  a: Tensor,
  b: Tensor,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly factor?: number } = {},
): Tensor {
  const { transposeA = false, transposeB = false, factor = 1 } = options;
  const rows = dimensionAt(a, transposeA ? -1 : -2);
  const inner = dimensionAt(a, transposeA ? -2 : -1);
  const innerOfB = dimensionAt(b, transposeB ? -1 : -2);
  const columns = dimensionAt(b, transposeB ? -2 : -1);
  if (inner !== innerOfB)
    throw new Error(
      `matmul of ${describeShape(a.shape)}${transposeA ? 'ᵀ' : ''} and ${describeShape(b.shape)}${transposeB ? 'ᵀ' : ''}`,
    );
  const leading = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const result = { type: a.type, shape: [...leading, rows, columns] };
  if (!transposeA && !transposeB && factor === 1) return append(a.graph, 'MatMul', [a, b], result);
  return append(
    a.graph,
    'FusedMatMul',
    [a, b],
    result,
    {
      transA: int(Number(transposeA)),
      transB: int(Number(transposeB)),
      alpha: { kind: 'float', value: factor },
    },
    'com.microsoft',
  );
}

/** Reorders axes: axis i of the result is axis `order[i]` of `x`. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return append(
    x.graph,
    'Transpose',
    [x],
    { type: x.type, shape: order.map((axis) => dimensionAt(x, axis)) },
    { perm: ints(order) },
  );
}

/**
 * Same values in the same order under another shape, which may have dynamic dimensions.
 * @throws Error when the shape cannot be told at run time (two unbound dynamic dimensions) or the sizes differ.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (product(x.shape) !== product(shape))
    throw new Error(`reshape of ${describeShape(x.shape)} to ${describeShape(shape)}: sizes differ`);
  return append(x.graph, 'Reshape', [x, reshapeTarget(x, shape)], { type: x.type, shape });
}

/**
 * `x` itself, but not before `other` has been computed: a reshape to the same shape, whose first dimension is read off `other`
 * where both have it. Without it onnxruntime would compute again right away what the backward is to compute again later, or take
 * it for the forward's and keep that.
 */
function after(x: Tensor, other: Tensor): Tensor {
  const [rows, ...rest] = x.shape;
  if (rows !== other.shape[0] || rest.some((dimension) => typeof dimension !== 'number')) return x;
  const { graph } = x;
  const count = append(graph, 'Shape', [other], { type: 'int64', shape: [1] }, { start: int(0), end: int(1) });
  const shape = concatenate([count, shapeTensor(graph, rest)], 0);
  return append(graph, 'Reshape', [x, shape], { type: x.type, shape: x.shape });
}

/** ONNX's shape operand: 0 copies a dimension of the input, one −1 is inferred, others are read from a graph input. */
function reshapeTarget(x: Tensor, shape: Shape): Tensor {
  const plain = shape.map((dimension, axis) => {
    if (typeof dimension === 'number') return dimension;
    return x.shape[axis] === dimension ? 0 : null;
  });
  const open = plain.flatMap((value, axis) => (value === null ? [axis] : []));
  const unbound = open.filter((axis) => !x.graph.dimensions.has(String(shape[axis])));
  if (unbound.length > 1) throw new Error(`reshape to ${describeShape(shape)}: more than one dimension is unknown`);
  const inferred = unbound[0] ?? open.at(-1);
  if (open.length <= 1)
    return constant(
      x.graph,
      'int64',
      [shape.length],
      plain.map((value) => value ?? -1),
    );
  const parts = shape.map((dimension, axis) => {
    const value = axis === inferred ? -1 : plain[axis];
    return typeof value === 'number'
      ? constant(x.graph, 'int64', [1], [value])
      : dimensionSize(x.graph, String(dimension));
  });
  return concatenate(parts, 0);
}

/** The size of a dynamic dimension at run time: int64 `[1]`. */
export function dimensionSize(graph: Graph, dimension: string): Tensor {
  const source = graph.dimensions.get(dimension);
  if (!source) throw new Error(`dimension ${dimension} is bound to no input`);
  return append(
    graph,
    'Shape',
    [source.tensor],
    { type: 'int64', shape: [1] },
    { start: int(source.axis), end: int(source.axis + 1) },
  );
}

/** A shape as an int64 tensor `[rank]` at run time. */
export function shapeTensor(graph: Graph, shape: Shape): Tensor {
  if (shape.every((dimension) => typeof dimension === 'number')) return constant(graph, 'int64', [shape.length], shape);
  const parts = shape.map((dimension) => sizeOf(graph, dimension));
  return concatenate(parts, 0);
}

function sizeOf(graph: Graph, dimension: Dimension): Tensor {
  if (typeof dimension === 'number') return constant(graph, 'int64', [1], [dimension]);
  return dimension
    .split('*')
    .map((factor) =>
      /^\d+$/.test(factor) ? constant(graph, 'int64', [1], [Number(factor)]) : dimensionSize(graph, factor),
    )
    .reduce((a, b) => multiply(a, b));
}

/** Repeats `x` along its axes of size 1 (and new leading ones) to `shape`. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return append(x.graph, 'Expand', [x, shapeTensor(x.graph, shape)], { type: x.type, shape });
}

/** A tensor of one value. */
export function fill(graph: Graph, type: ElementType, shape: Shape, value: number): Tensor {
  return expand(constant(graph, type, [], [value]), shape);
}

export function concatenate(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (!first) throw new Error('nothing to concatenate');
  const shape = [...first.shape];
  const sizes = parts.map((part) => dimensionAt(part, axis));
  shape[axis] = sizes.every((size) => typeof size === 'number') ? sizes.reduce((a, b) => a + b, 0) : sizes.join('+');
  return append(first.graph, 'Concat', parts, { type: first.type, shape }, { axis: int(axis) });
}

/** Columns [from, to) of the last axis. */
export function columns(x: Tensor, from: number, to: number): Tensor {
  const index = (value: number): Tensor => constant(x.graph, 'int64', [1], [value]);
  return append(x.graph, 'Slice', [x, index(from), index(to), index(-1)], {
    type: x.type,
    shape: [...x.shape.slice(0, -1), to - from],
  });
}

/** Zeros before and after the last axis: the gradient of `columns`. */
export function padColumns(x: Tensor, before: number, after: number): Tensor {
  const width = dimensionAt(x, -1);
  if (typeof width !== 'number') throw new Error(`padding of ${describeShape(x.shape)}: its width must be known`);
  const widths = constant(x.graph, 'int64', [2], [before, after]);
  const axis = constant(x.graph, 'int64', [1], [-1]);
  return append(x.graph, 'Pad', [x, widths, null, axis], {
    type: x.type,
    shape: [...x.shape.slice(0, -1), before + width + after],
  });
}

/** 0 … size − 1: int64 `[size]`. */
export function range(graph: Graph, size: Dimension): Tensor {
  const [start, step] = [constant(graph, 'int64', [], [0]), constant(graph, 'int64', [], [1])];
  const limit = reshape(shapeTensor(graph, [size]), []);
  return append(graph, 'Range', [start, limit, step], { type: 'int64', shape: [size] });
}

/** Sum over axes; they stay as size 1 when `keep` is true. All axes when none are named. */
export function sum(x: Tensor, axes?: readonly number[], keep = false): Tensor {
  return reduce('ReduceSum', x, axes, keep);
}
/** Sum of squares over axes, which do not stay. All axes when none are named. */
export function sumOfSquares(x: Tensor, axes?: readonly number[]): Tensor {
  return reduce('ReduceSumSquare', x, axes, false);
}
/** The largest of all elements: rank 0. It has no gradient rule. */
export function largest(x: Tensor): Tensor {
  return reduce('ReduceMax', x, undefined, false);
}
export function mean(x: Tensor, axes?: readonly number[], keep = false): Tensor {
  return reduce('ReduceMean', x, axes, keep);
}

function reduce(operator: string, x: Tensor, axes: readonly number[] | undefined, keep: boolean): Tensor {
  const reduced = (axes ?? x.shape.map((_, axis) => axis)).map((axis) => (axis < 0 ? x.shape.length + axis : axis));
  const shape = x.shape.flatMap((dimension, axis) => {
    if (!reduced.includes(axis)) return [dimension];
    return keep ? [1] : [];
  });
  const axesTensor = constant(x.graph, 'int64', [reduced.length], reduced);
  return append(x.graph, operator, [x, axesTensor], { type: x.type, shape }, { keepdims: int(Number(keep)) });
}

/** Over the last axis. */
export function softmax(x: Tensor): Tensor {
  return append(x.graph, 'Softmax', [x], { type: x.type, shape: x.shape }, { axis: int(-1) });
}
/**
 * softmax(scores) · values: `scores [..., n, m]`, `values [..., m, width]` → `[..., n, width]`. With P the softmax and Y the
 * result, the gradient of the scores is P ∘ (g·valuesᵀ − d) with d the row sums of P ∘ (g·valuesᵀ), which are those of g ∘ Y: so
 * only two passes over the large matrix are needed (Dao et al., FlashAttention, 2022).
 */
export function softmaxProduct(scores: Tensor, values: Tensor): Tensor {
  const weights = softmax(scores);
  return appendWithRule(
    scores.graph,
    'MatMul',
    [weights, values],
    { type: scores.type, shape: [...scores.shape.slice(0, -1), dimensionAt(values, -1)] },
    {},
    {
      sources: [scores, values],
      rule: ({ outputs: [y = values] }, g) => {
        const change = subtract(matmul(g, values, { transposeB: true }), sum(multiply(g, y), [-1], true));
        return [multiply(change, weights), matmul(weights, g, { transposeA: true })];
      },
    },
  );
}

/** Over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return append(x.graph, 'LogSoftmax', [x], { type: x.type, shape: x.shape }, { axis: int(-1) });
}

/** Σ a·b over the last axis of two matrices `[n, width]`: `[n]`, without a matrix of the products. */
export function rowProducts(a: Tensor, b: Tensor): Tensor {
  const [rows, width] = [dimensionAt(a, 0), dimensionAt(a, -1)];
  return reshape(matmul(reshape(a, [rows, 1, width]), reshape(b, [rows, width, 1])), [rows]);
}

/** Rows of a matrix: `table [rows, width]`, int64 `indices [n]` → `[n, width]`. */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  return append(
    table.graph,
    'Gather',
    [table, indices],
    { type: table.type, shape: [...indices.shape, ...table.shape.slice(1)] },
    { axis: int(0) },
  );
}

/**
 * Rows of a matrix, none twice: `x [rows, width]`, distinct int64 `indices [n]` → `[n, width]`. Its gradient is written row by
 * row, where `gatherRows` has to add up element by element.
 */
export function takeRows(x: Tensor, indices: Tensor): Tensor {
  const shape = [...indices.shape, ...x.shape.slice(1)];
  return appendWithRule(
    x.graph,
    'Gather',
    [x, indices],
    { type: x.type, shape },
    { axis: int(0) },
    {
      rule: (_, g) => [placeRows(g, indices, x.shape), null],
    },
  );
}

/** Zeros of `shape [rows, width]` with the rows of `x [n, width]` put at distinct `indices [n]`. */
function placeRows(x: Tensor, indices: Tensor, shape: Shape): Tensor {
  const column = reshape(indices, [dimensionAt(indices, 0), 1]);
  return append(x.graph, 'ScatterND', [fill(x.graph, x.type, shape, 0), column, x], { type: x.type, shape });
}

/** One element of each row: `x [n, width]`, int64 `indices [n]` → `[n]`. */
export function pick(x: Tensor, indices: Tensor): Tensor {
  const column = reshape(indices, [dimensionAt(indices, 0), 1]);
  const picked = append(
    x.graph,
    'GatherElements',
    [x, column],
    { type: x.type, shape: [dimensionAt(x, 0), 1] },
    { axis: int(1) },
  );
  return reshape(picked, [dimensionAt(x, 0)]);
}

/** Elements at int64 `points [n, rank]`, each named by its place along every axis of `x`: `[n]`. */
export function gatherPoints(x: Tensor, points: Tensor): Tensor {
  return append(x.graph, 'GatherND', [x, points], { type: x.type, shape: [dimensionAt(points, 0)] });
}

/** `x` with `values [n]` added at distinct int64 `points [n, rank]`. */
export function addAtPoints(x: Tensor, points: Tensor, values: Tensor): Tensor {
  return append(
    x.graph,
    'ScatterND',
    [x, points, values],
    { type: x.type, shape: x.shape },
    { reduction: { kind: 'string', value: 'add' } },
  );
}

/**
 * log softmax of `logits [n, width]` at one column of each row: `[n]`; `all` is their logSoftmax, `indices [n]` int64.
 * The gradient goes to the logits at once: g at the column, less g · softmax.
 */
export function pickLogSoftmax(logits: Tensor, all: Tensor, indices: Tensor): Tensor {
  const column = reshape(indices, [dimensionAt(indices, 0), 1]);
  const picked = appendWithRule(
    all.graph,
    'GatherElements',
    [all, column],
    { type: all.type, shape: [dimensionAt(all, 0), 1] },
    { axis: int(1) },
    {
      sources: [logits],
      rule: (_, g) => [scatterAdd(multiply(exp(all), negate(g)), column, g, 1)],
    },
  );
  return reshape(picked, [dimensionAt(all, 0)]);
}

/**
 * Rotary position embedding of `x [batch, time, heads × size]` at positions 0 … time−1, halves apart as in Hugging Face Llama.
 * `cosine` and `sine` are `[positions, size / 2]`; negated sines turn back, which is also the gradient.
 */
export function rotate(x: Tensor, cosine: Tensor, sine: Tensor, heads: number): Tensor {
  const start = constant(x.graph, 'int64', [1], [0]);
  return append(
    x.graph,
    'RotaryEmbedding',
    [x, start, cosine, sine],
    { type: x.type, shape: x.shape },
    { num_heads: int(heads), interleaved: int(0) },
    'com.microsoft',
  );
}

/** A `[size, size]` matrix holding `value` above the diagonal and 0 elsewhere; `size` may be dynamic. */
export function aboveDiagonal(graph: Graph, type: ElementType, size: Dimension, value: number): Tensor {
  const full = fill(graph, type, [size, size], value);
  const one = constant(graph, 'int64', [], [1]);
  return append(graph, 'Trilu', [full, one], { type, shape: full.shape }, { upper: int(1) });
}

/**
 * `table [rows, width]` with `updates [n, width]` added to its rows `indices [n]`; repeated indices add up, in order.
 *
 * ScatterElements, because onnxruntime's ScatterND shares its updates among threads without a lock: repeated rows race.
 */
export function scatterAddRows(table: Tensor, indices: Tensor, updates: Tensor): Tensor {
  const column = expand(reshape(indices, [product(indices.shape), 1]), updates.shape);
  return scatterAdd(table, column, updates, 0);
}

function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return append(
    x.graph,
    'ScatterElements',
    [x, indices, updates],
    { type: x.type, shape: x.shape },
    { axis: int(axis), reduction: { kind: 'string', value: 'add' } },
  );
}

/** Zeros of `shape [n, width]` with `values [n, 1]` added at columns `indices [n, 1]`: the gradient of `pick`. */
export function scatterColumns(graph: Graph, shape: Shape, indices: Tensor, values: Tensor): Tensor {
  return append(
    graph,
    'ScatterElements',
    [fill(graph, values.type, shape, 0), indices, values],
    { type: values.type, shape },
    { axis: int(1) },
  );
}
