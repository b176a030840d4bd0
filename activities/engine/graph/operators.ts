/**
 * The operators that models and losses are written in, by kind: elementwise, matrix products, shapes, reductions, gather and
 * scatter. Names are NumPy's where NumPy has one, else ONNX's.
 *
 * Each appends one ONNX node (`reshape` may add a few to find its shape) and infers the shape of its output. `rules.ts` holds
 * their gradients. Formulas with a cheaper gradient than that of their parts stand in `customGradients.ts`.
 *
 * All throw InternalError when shapes or types do not fit: models and losses are our own code.
 */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';
import {
  type Attribute,
  append,
  appendMany,
  constant,
  dimensionAt,
  type ElementType,
  type Graph,
  onnxElementTypes,
  scalar,
  type Tensor,
} from './graph.js';
import { broadcastShape, type Dimension, describeShape, product, type Shape, sameShape } from './shape.js';

const int = (value: number): Attribute => ({ kind: 'int', value });
const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });

// Elementwise

/** Operands of elementwise operators may be plain numbers. */
export type Operand = Tensor | number;

function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? scalar(a, b) : b];
  if (typeof b !== 'number') return [scalar(b, a), b];
  throw new InternalError('one operand has to be a tensor');
}

function binary(operator: string, a: Operand, b: Operand, resultType?: 'bool'): Tensor {
  const [left, right] = operands(a, b);
  if (left.type !== right.type) throw new InternalError(`${operator} of ${left.type} and ${right.type}`);
  return append(left.graph, operator, [left, right], {
    type: resultType ?? left.type,
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
/** Of two equal operands the first gets the gradient, as in PyTorch's clamp. */
export const maximum = (a: Operand, b: Operand): Tensor => binary('Max', a, b);
/** Of two equal operands the first gets the gradient, as in PyTorch's clamp. */
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

/** `condition ? a : b`, with broadcasting. The condition may be of an outer graph. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [left, right] = operands(a, b);
  const shape = broadcastShape(condition.shape, broadcastShape(left.shape, right.shape));
  return append(left.graph, 'Where', [condition, left, right], { type: left.type, shape });
}

export function cast(x: Tensor, type: ElementType): Tensor {
  return append(x.graph, 'Cast', [x], { type, shape: x.shape }, { to: int(onnxElementTypes[type]) });
}

// Matrix products

/**
 * alpha · A·B over the last two axes, leading axes equal or broadcast: `[…, m, k] × […, k, n] → […, m, n]`.
 * Transposed operands and `alpha` cost nothing (onnxruntime's FusedMatMul).
 * @throws InternalError when inner dimensions differ, or leading ones do not broadcast.
 */
export function matmul(
  a: Tensor,
  b: Tensor,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly alpha?: number } = {},
): Tensor {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  const rows = dimensionAt(a, transposeA ? -1 : -2);
  const inner = dimensionAt(a, transposeA ? -2 : -1);
  const innerOfB = dimensionAt(b, transposeB ? -1 : -2);
  const columns = dimensionAt(b, transposeB ? -2 : -1);
  if (inner !== innerOfB)
    throw new InternalError(
      `matmul of ${describeShape(a.shape)}${transposeA ? 'ᵀ' : ''} and ${describeShape(b.shape)}${transposeB ? 'ᵀ' : ''}`,
    );
  const leading = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const result = { type: a.type, shape: [...leading, rows, columns] };
  if (!transposeA && !transposeB && alpha === 1) return append(a.graph, 'MatMul', [a, b], result);
  return append(
    a.graph,
    'FusedMatMul',
    [a, b],
    result,
    {
      transA: int(Number(transposeA)),
      transB: int(Number(transposeB)),
      alpha: { kind: 'float', value: alpha },
    },
    'com.microsoft',
  );
}

/** Σ a·b over the last axis of two matrices `[n, width]`: `[n]`, without a matrix of the products. */
export function vecdot(a: Tensor, b: Tensor): Tensor {
  const [rows, width] = [dimensionAt(a, 0), dimensionAt(a, -1)];
  return reshape(matmul(reshape(a, [rows, 1, width]), reshape(b, [rows, width, 1])), [rows]);
}

// Shapes

/** Reorders axes: axis i of the result is axis `perm[i]` of `x`. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  const shape = perm.map((axis) => dimensionAt(x, axis));
  return append(x.graph, 'Transpose', [x], { type: x.type, shape }, { perm: ints(perm) });
}

/**
 * Same values in the same order under another shape, which may have dynamic dimensions.
 * @throws InternalError when the sizes differ, or two dimensions cannot be told at run time.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (product(x.shape) !== product(shape))
    throw new InternalError(`reshape of ${describeShape(x.shape)} to ${describeShape(shape)}: sizes differ`);
  return append(x.graph, 'Reshape', [x, reshapeTarget(x, shape)], { type: x.type, shape });
}

/** In ONNX's shape operand: onnxruntime works out the size. */
const inferredSize = -1;

/** ONNX's shape operand: 0 copies a dimension of the input, one −1 is inferred, others are read from a graph input. */
function reshapeTarget(x: Tensor, shape: Shape): Tensor {
  const plain = shape.map((dimension, axis) => {
    if (typeof dimension === 'number') return dimension;
    return x.shape[axis] === dimension ? 0 : null;
  });
  const open = plain.flatMap((value, axis) => (value === null ? [axis] : []));
  const unbound = open.filter((axis) => !x.graph.dimensions.has(String(shape[axis])));
  if (unbound.length > 1)
    throw new InternalError(`reshape to ${describeShape(shape)}: more than one dimension is unknown`);
  const inferred = unbound[0] ?? open.at(-1);
  if (open.length <= 1)
    return constant(
      x.graph,
      'int64',
      [shape.length],
      plain.map((value) => value ?? inferredSize),
    );
  const parts = shape.map((dimension, axis) => {
    const value = axis === inferred ? inferredSize : plain[axis];
    return typeof value === 'number'
      ? constant(x.graph, 'int64', [1], [value])
      : dimensionSize(x.graph, String(dimension));
  });
  return concatenate(parts, 0);
}

/** The size of a dynamic dimension at run time: int64 `[1]`. */
export function dimensionSize(graph: Graph, dimension: string): Tensor {
  const source = graph.dimensions.get(dimension);
  if (!source) throw new InternalError(`dimension ${dimension} is bound to no input`);
  return sizeAt(source.tensor, source.axis);
}

/** The size of `x` along an axis at run time: int64 `[1]`. */
export function sizeAt(x: Tensor, axis: number): Tensor {
  return append(x.graph, 'Shape', [x], { type: 'int64', shape: [1] }, { start: int(axis), end: int(axis + 1) });
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
export function full(graph: Graph, type: ElementType, shape: Shape, value: number): Tensor {
  return expand(constant(graph, type, [], [value]), shape);
}

/** 0 … size − 1: int64 `[size]`. */
export function range(graph: Graph, size: Dimension): Tensor {
  const [start, step] = [constant(graph, 'int64', [], [0]), constant(graph, 'int64', [], [1])];
  const limit = reshape(shapeTensor(graph, [size]), []);
  return append(graph, 'Range', [start, limit, step], { type: 'int64', shape: [size] });
}

/** @throws InternalError when there are no parts. */
export function concatenate(parts: readonly Tensor[], axis: number): Tensor {
  const first = at(parts, 0);
  const shape = [...first.shape];
  const sizes = parts.map((part) => dimensionAt(part, axis));
  shape[axis] = sizes.every((size) => typeof size === 'number') ? sizes.reduce((a, b) => a + b, 0) : sizes.join('+');
  return append(first.graph, 'Concat', parts, { type: first.type, shape }, { axis: int(axis) });
}

/** Parts of these sizes, one after the other along an axis. */
export function split(x: Tensor, sizes: readonly number[], axis: number): readonly Tensor[] {
  const shape = (size: number): Shape => x.shape.map((dimension, other) => (other === axis ? size : dimension));
  const parts = sizes.map((size) => ({ type: x.type, shape: shape(size) }));
  return appendMany(x.graph, 'Split', [x, constant(x.graph, 'int64', [sizes.length], sizes)], parts, {
    axis: int(axis),
  });
}

/** The elements `start` … `end` − 1 of the last axis. */
export function slice(x: Tensor, start: number, end: number): Tensor {
  const index = (value: number): Tensor => constant(x.graph, 'int64', [1], [value]);
  return append(x.graph, 'Slice', [x, index(start), index(end), index(-1)], {
    type: x.type,
    shape: [...x.shape.slice(0, -1), end - start],
  });
}

/** Zeros before and after the last axis: the gradient of `slice`. */
export function pad(x: Tensor, before: number, after: number): Tensor {
  const width = dimensionAt(x, -1);
  if (typeof width !== 'number')
    throw new InternalError(`padding of ${describeShape(x.shape)}: its width must be known`);
  const widths = constant(x.graph, 'int64', [2], [before, after]);
  const axis = constant(x.graph, 'int64', [1], [-1]);
  return append(x.graph, 'Pad', [x, widths, null, axis], {
    type: x.type,
    shape: [...x.shape.slice(0, -1), before + width + after],
  });
}

// Reductions

/** Over axes, all of them when none are named. With `keepDims` they stay as size 1. */
export function sum(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce('ReduceSum', x, axes, keepDims);
}
/** As `sum`. */
export function mean(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce('ReduceMean', x, axes, keepDims);
}
/** Over axes, which do not stay; all of them when none are named. It has no gradient rule. */
export function sumOfSquares(x: Tensor, axes?: readonly number[]): Tensor {
  return reduce('ReduceSumSquare', x, axes, false);
}
/** The largest of all elements: rank 0. It has no gradient rule. */
export function max(x: Tensor): Tensor {
  return reduce('ReduceMax', x, undefined, false);
}

function reduce(operator: string, x: Tensor, axes: readonly number[] | undefined, keepDims: boolean): Tensor {
  const reduced = (axes ?? x.shape.map((_, axis) => axis)).map((axis) => (axis < 0 ? x.shape.length + axis : axis));
  const shape = x.shape.flatMap((dimension, axis) => {
    if (!reduced.includes(axis)) return [dimension];
    return keepDims ? [1] : [];
  });
  const axesTensor = constant(x.graph, 'int64', [reduced.length], reduced);
  return append(x.graph, operator, [x, axesTensor], { type: x.type, shape }, { keepdims: int(Number(keepDims)) });
}

/** Over the last axis. */
export function softmax(x: Tensor): Tensor {
  return append(x.graph, 'Softmax', [x], { type: x.type, shape: x.shape }, { axis: int(-1) });
}
/** Over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return append(x.graph, 'LogSoftmax', [x], { type: x.type, shape: x.shape }, { axis: int(-1) });
}

// Gather and scatter

/** Rows of a matrix: `table [rows, width]`, int64 `indices [n]` → `[n, width]`. Indices may repeat. */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  return append(
    table.graph,
    'Gather',
    [table, indices],
    { type: table.type, shape: [...indices.shape, ...table.shape.slice(1)] },
    { axis: int(0) },
  );
}

/** One element of each row: `x [n, width]`, int64 `indices [n]` → `[n]`. */
export function gatherElements(x: Tensor, indices: Tensor): Tensor {
  const [n, column] = [dimensionAt(x, 0), reshape(indices, [dimensionAt(indices, 0), 1])];
  return reshape(append(x.graph, 'GatherElements', [x, column], { type: x.type, shape: [n, 1] }, { axis: int(1) }), [
    n,
  ]);
}

/** Elements of `x` at int64 `indices [n, rank]`, one index for each axis of `x`: `[n]`. */
export function gatherND(x: Tensor, indices: Tensor): Tensor {
  return append(x.graph, 'GatherND', [x, indices], { type: x.type, shape: [dimensionAt(indices, 0)] });
}

/** `x` with `updates [n]` added at distinct int64 `indices [n, rank]`. */
export function scatterAddND(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  return append(
    x.graph,
    'ScatterND',
    [x, indices, updates],
    { type: x.type, shape: x.shape },
    { reduction: { kind: 'string', value: 'add' } },
  );
}

/** Zeros of `shape [rows, width]` with the rows of `updates [n, width]` put at distinct int64 `indices [n]`. */
export function scatterRows(shape: Shape, indices: Tensor, updates: Tensor): Tensor {
  const { graph, type } = updates;
  const column = reshape(indices, [dimensionAt(indices, 0), 1]);
  return append(graph, 'ScatterND', [full(graph, type, shape, 0), column, updates], { type, shape });
}

/**
 * `table [rows, width]` with `updates [n, width]` added to its rows `indices [n]`; repeated indices add up, in order.
 *
 * ScatterElements, because onnxruntime's ScatterND spreads its updates over threads without a lock: repeated rows race.
 */
export function scatterAddRows(table: Tensor, indices: Tensor, updates: Tensor): Tensor {
  const column = expand(reshape(indices, [product(indices.shape), 1]), updates.shape);
  return scatterAddElements(table, column, updates, 0);
}

/** `x` with each of `updates` added at its index along `axis`; int64 `indices` have the shape of `updates`. */
export function scatterAddElements(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return append(
    x.graph,
    'ScatterElements',
    [x, indices, updates],
    { type: x.type, shape: x.shape },
    { axis: int(axis), reduction: { kind: 'string', value: 'add' } },
  );
}

/** Zeros of `shape [n, width]` with `updates [n, 1]` put at columns `indices [n, 1]`: the gradient of `gatherElements`. */
export function scatterElements(shape: Shape, indices: Tensor, updates: Tensor): Tensor {
  const { graph, type } = updates;
  return append(
    graph,
    'ScatterElements',
    [full(graph, type, shape, 0), indices, updates],
    { type, shape },
    { axis: int(1) },
  );
}
