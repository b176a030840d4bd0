/**
 * The gradient rule of each operator: given a node y = f(x₁, x₂, …) and g = ∂loss/∂y, what to add to ∂loss/∂xᵢ.
 * The tests compare every rule with central differences.
 */
import { InternalError } from '../../errors.js';
import { at, required } from '../../invariant.js';
import { type Contribution, dimensionAt, type GradientRule, type Node, operand, type Tensor } from './graph.js';
import {
  cast,
  concatenate,
  divide,
  exp,
  expand,
  full,
  greaterOrEqual,
  lessOrEqual,
  matmul,
  multiply,
  negate,
  pad,
  reshape,
  scatterAddRows,
  scatterElements,
  split,
  subtract,
  sum,
  transpose,
  where,
} from './operators.js';
import { rotaryEmbedding } from './rotaryEmbedding.js';
import { broadcastAxes, type Dimension, product } from './shape.js';

/** Sums a gradient back to the shape an operand had before it was broadcast. */
function unbroadcast(gradient: Tensor, operand: Tensor): Tensor {
  const axes = broadcastAxes(gradient.shape, operand.shape);
  if (axes.length === 0) return gradient;
  return reshape(sum(gradient, axes, true), operand.shape);
}

function result(node: Node): Tensor {
  return at(node.outputs, 0);
}

function intAttribute({ operator, attributes }: Node, name: string): number {
  const attribute = attributes[name];
  if (attribute?.kind !== 'int') throw new InternalError(`${operator} has no integer ${name}`);
  return attribute.value;
}

/** y = f(x) with dy/dx computed from x and y. */
const elementwise =
  (derivative: (gradient: Tensor, y: Tensor, x: Tensor) => Tensor): GradientRule =>
  (node, g) => [derivative(g, result(node), operand(node, 0))];

/** y = f(a, b) with broadcasting. */
const pairwise =
  (derivatives: (gradient: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor, Tensor]): GradientRule =>
  (node, g) => {
    const [a, b] = [operand(node, 0), operand(node, 1)];
    const [da, db] = derivatives(g, a, b, result(node));
    return [unbroadcast(da, a), unbroadcast(db, b)];
  };

/** The gradient where `condition` holds, zero elsewhere. */
const onlyWhere = (condition: Tensor, g: Tensor): Tensor => multiply(g, cast(condition, g.type));

/** onnxruntime's matrix product on the CPU computes so many columns of the result at a time. */
const columnBlock = 128;

/**
 * `matmul` for gradients.
 *
 * On the CPU a product of Aᵀ reads A by columns, and all of A again for every block of the result's columns: it takes up to half
 * as long again as A·B of the same size. Where there are several blocks, a plain matrix is transposed first, once.
 */
function gradientProduct(a: Tensor, b: Tensor, options: NonNullable<Parameters<typeof matmul>[2]>): Tensor {
  const { transposeA = false, ...others } = options;
  const columns = dimensionAt(b, others.transposeB ? -2 : -1);
  const plain = a.shape.length === 2 && b.shape.length === 2;
  const isLong = typeof columns === 'number' && columns > columnBlock;
  if (!transposeA || !plain || !isLong || !a.graph.preferences.transposesFirst) return matmul(a, b, options);
  const transposed = transpose(a, [1, 0]);
  // The leading axis keeps onnxruntime from fusing transposition and product again.
  const product = matmul(reshape(transposed, [1, ...transposed.shape]), b, others);
  return reshape(product, product.shape.slice(1));
}

/** y = alpha · A·B over the last two axes, either operand transposed, leading axes broadcast. */
function matrixProductRule(node: Node, g: Tensor, transposeA: boolean, transposeB: boolean, alpha: number) {
  const [a, b] = [operand(node, 0), operand(node, 1)];
  const da = transposeA
    ? gradientProduct(b, g, { transposeA: transposeB, transposeB: true, alpha })
    : gradientProduct(g, b, { transposeB: !transposeB, alpha });
  const db = transposeB
    ? gradientProduct(g, a, { transposeA: true, transposeB: transposeA, alpha })
    : gradientProduct(a, g, { transposeA: !transposeA, alpha });
  return [unbroadcast(da, a), unbroadcast(db, b)];
}

/** Spreads the gradient of a reduction over the axes it removed. */
const reduction =
  (scale: (count: Dimension) => number): GradientRule =>
  (node, g) => {
    const x = operand(node, 0);
    const reducedAxes = storedIntegers(node, 1);
    const shape = x.shape.map((dimension, axis) => (reducedAxes.includes(axis) ? 1 : dimension));
    const count = product(reducedAxes.map((axis) => dimensionAt(x, axis)));
    const factor = scale(count);
    return [expand(reshape(factor === 1 ? g : multiply(g, factor), shape), x.shape)];
  };

function sizeAlong(x: Tensor, axis: number): number {
  const size = dimensionAt(x, axis);
  if (typeof size !== 'number') throw new InternalError(`${x.name}: its size along axis ${axis} must be known`);
  return size;
}

/** Values of an operand that is a constant of the graph. */
function storedIntegers(node: Node, index: number): readonly number[] {
  const { graph, name } = operand(node, index);
  const stored = graph.constants.find(({ tensor }) => tensor.name === name);
  const { data } = required(stored, `${node.operator}: constant ${name}`);
  return Array.from<number | bigint, number>(data, Number);
}

export const gradientRules: Readonly<Record<string, GradientRule>> = {
  Add: pairwise((g) => [g, g]),
  Sub: pairwise((g) => [g, negate(g)]),
  Mul: pairwise((g, a, b) => [multiply(g, b), multiply(g, a)]),
  Div: pairwise((g, _, b, y) => {
    const quotient = divide(g, b);
    return [quotient, negate(multiply(quotient, y))];
  }),
  Max: pairwise((g, a, b) => {
    const first = onlyWhere(greaterOrEqual(a, b), g);
    return [first, subtract(g, first)];
  }),
  Min: pairwise((g, a, b) => {
    const first = onlyWhere(lessOrEqual(a, b), g);
    return [first, subtract(g, first)];
  }),
  Where: (node, g) => {
    const [condition, a, b] = [operand(node, 0), operand(node, 1), operand(node, 2)];
    return [null, unbroadcast(where(condition, g, 0), a), unbroadcast(where(condition, 0, g), b)];
  },

  Identity: elementwise((g) => g),
  Neg: elementwise((g) => negate(g)),
  Exp: elementwise((g, y) => multiply(g, y)),
  Log: elementwise((g, _, x) => divide(g, x)),
  Sqrt: elementwise((g, y) => divide(multiply(g, 0.5), y)),
  Reciprocal: elementwise((g, y) => negate(multiply(g, multiply(y, y)))),
  Sigmoid: elementwise((g, y) => multiply(g, multiply(y, subtract(1, y)))),
  Tanh: elementwise((g, y) => multiply(g, subtract(1, multiply(y, y)))),
  // erf′(x) = 2/√π · e^(−x²).
  Erf: elementwise((g, _, x) => multiply(g, multiply(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI)))),

  MatMul: (node, g) => matrixProductRule(node, g, false, false, 1),
  FusedMatMul: (node, g) => {
    const { alpha } = node.attributes;
    if (alpha?.kind !== 'float') throw new InternalError('FusedMatMul has no alpha');
    return matrixProductRule(
      node,
      g,
      intAttribute(node, 'transA') === 1,
      intAttribute(node, 'transB') === 1,
      alpha.value,
    );
  },

  Transpose: (node, g) => {
    const order = node.attributes.perm;
    if (order?.kind !== 'ints') throw new InternalError('Transpose has no perm');
    return [
      transpose(
        g,
        order.value.map((_, axis) => order.value.indexOf(axis)),
      ),
    ];
  },
  Expand: (node, g) => [unbroadcast(g, operand(node, 0)), null],
  // `slice` alone makes this node: along the last axis, by constants.
  Slice: (node, g) => {
    const [x, y] = [operand(node, 0), result(node)];
    const start = at(storedIntegers(node, 1), 0);
    const [total, width] = [dimensionAt(x, -1), dimensionAt(y, -1)];
    if (typeof total !== 'number' || typeof width !== 'number')
      throw new InternalError(`Slice of ${x.name}: its width must be known`);
    return [pad(g, start, total - start - width), null, null, null];
  },
  Reshape: (node, g) => [reshape(g, operand(node, 0).shape), null],
  Concat: (node, g) => {
    const axis = intAttribute(node, 'axis');
    return split(
      g,
      node.inputs.map((_, index) => sizeAlong(operand(node, index), axis)),
      axis,
    );
  },
  Split: (node, _, gradients) => {
    const parts = gradients.map((gradient, index) => required(gradient, `a gradient of part ${index}`));
    return [concatenate(parts, intAttribute(node, 'axis')), null];
  },

  ReduceSum: reduction(() => 1),
  ReduceMean: reduction((count) => {
    if (typeof count !== 'number')
      throw new InternalError('the mean over a dynamic dimension has no gradient: sum and divide');
    return 1 / count;
  }),

  // dx = y ∘ (g − Σ g∘y), over the last axis.
  Softmax: elementwise((g, y) => {
    const weighted = multiply(g, y);
    return subtract(weighted, multiply(y, sum(weighted, [-1], true)));
  }),
  // dx = g − softmax(x) · Σ g.
  LogSoftmax: elementwise((g, y) => subtract(g, multiply(exp(y), sum(g, [-1], true)))),

  Gather: (node, g) => {
    const [table, indices] = [operand(node, 0), operand(node, 1)];
    const rows = reshape(g, [product(indices.shape), ...table.shape.slice(1)]);
    const addTo = (total: Tensor | null): Tensor =>
      scatterAddRows(total ?? full(table.graph, table.type, table.shape, 0), indices, rows);
    return [{ addTo } satisfies Contribution, null];
  },
  GatherElements: (node, g) => {
    const [x, indices] = [operand(node, 0), operand(node, 1)];
    return [scatterElements(x.shape, indices, g), null];
  },

  // The gradient of a rotation is the rotation back.
  RotaryEmbedding: (node, g) => {
    const [cosine, sine] = [operand(node, 2), operand(node, 3)];
    return [rotaryEmbedding(g, cosine, negate(sine), intAttribute(node, 'num_heads')), null, null, null];
  },
};
