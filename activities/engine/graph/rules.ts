/**
 * The gradient rule of each operator: given a node y = f(x₁, x₂, …) and g = ∂loss/∂y, what to add to ∂loss/∂xᵢ.
 * The tests hold every rule against central differences.
 */
import { type Contribution, dimensionAt, type GradientRule, type Node, type Tensor } from './graph.js';
import {
  cast,
  divide,
  exp,
  expand,
  fill,
  greaterOrEqual,
  lessOrEqual,
  matmul,
  multiply,
  negate,
  padColumns,
  reshape,
  rotate,
  scatterAddRows,
  scatterColumns,
  subtract,
  sum,
  transpose,
  where,
} from './operators.js';
import { broadcastAxes, type Dimension, product } from './shape.js';

/** Sums a gradient back to the shape an operand had before it was broadcast. */
function unbroadcast(gradient: Tensor, operand: Tensor): Tensor {
  const axes = broadcastAxes(gradient.shape, operand.shape);
  if (axes.length === 0) return gradient;
  return reshape(sum(gradient, axes, true), operand.shape);
}

function at(node: Node, index: number): Tensor {
  const tensor = node.inputs[index];
  if (!tensor) throw new Error(`${node.operator} lacks input ${index}`);
  return tensor;
}

function result(node: Node): Tensor {
  const tensor = node.outputs[0];
  if (!tensor) throw new Error(`${node.operator} has no output`);
  return tensor;
}

function integer(node: Node, name: string, otherwise: number): number {
  const attribute = node.attributes[name];
  return attribute?.kind === 'int' ? attribute.value : otherwise;
}

/** y = f(x) with dy/dx computed from x and y. */
const elementwise =
  (derivative: (gradient: Tensor, y: Tensor, x: Tensor) => Tensor): GradientRule =>
  (node, g) => [derivative(g, result(node), at(node, 0))];

/** y = f(a, b) with broadcasting. */
const pairwise =
  (derivatives: (gradient: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor, Tensor]): GradientRule =>
  (node, g) => {
    const [a, b] = [at(node, 0), at(node, 1)];
    const [da, db] = derivatives(g, a, b, result(node));
    return [unbroadcast(da, a), unbroadcast(db, b)];
  };

/** The gradient where `condition` holds, zero elsewhere. */
const onlyWhere = (condition: Tensor, g: Tensor): Tensor => multiply(g, cast(condition, g.type));

/** Columns of a result that onnxruntime's product on the CPU computes at a time. */
const columnBlock = 128;

/**
 * `matmul` for gradients.
 *
 * On the CPU a product of Aᵀ reads A by columns, and all of it again for every block of the result's columns: a weight's gradient
 * took up to half as long again as other products of its size. Where there are several blocks, a plain matrix is transposed first,
 * once.
 */
function gradientProduct(a: Tensor, b: Tensor, options: NonNullable<Parameters<typeof matmul>[2]>): Tensor {
  const { transposeA = false, ...others } = options;
  const columns = dimensionAt(b, others.transposeB ? -2 : -1);
  const plain = a.shape.length === 2 && b.shape.length === 2;
  if (!transposeA || !plain || typeof columns !== 'number' || columns <= columnBlock) return matmul(a, b, options);
  const transposed = transpose(a, [1, 0]);
  // The axis in front keeps onnxruntime from making one operator of transposition and product again.
  const product = matmul(reshape(transposed, [1, ...transposed.shape]), b, others);
  return reshape(product, product.shape.slice(1));
}

/** y = factor · A·B over the last two axes, either operand transposed, leading axes broadcast. */
const matrixProduct: GradientRule = (node, g) => {
  const [a, b] = [at(node, 0), at(node, 1)];
  const transposeA = integer(node, 'transA', 0) === 1;
  const transposeB = integer(node, 'transB', 0) === 1;
  const alpha = node.attributes.alpha;
  const factor = alpha?.kind === 'float' ? alpha.value : 1;
  const da = transposeA
    ? gradientProduct(b, g, { transposeA: transposeB, transposeB: true, factor })
    : gradientProduct(g, b, { transposeB: !transposeB, factor });
  const db = transposeB
    ? gradientProduct(g, a, { transposeA: true, transposeB: transposeA, factor })
    : gradientProduct(a, g, { transposeA: !transposeA, factor });
  return [unbroadcast(da, a), unbroadcast(db, b)];
};

/** Spreads the gradient of a reduction over the axes it removed. */
const reduction =
  (scale: (count: Dimension) => number): GradientRule =>
  (node, g) => {
    const x = at(node, 0);
    const reducedAxes = storedIntegers(node, 1);
    const shape = x.shape.map((dimension, axis) => (reducedAxes.includes(axis) ? 1 : dimension));
    const count = product(reducedAxes.map((axis) => x.shape[axis] ?? 1));
    const factor = scale(count);
    return [expand(reshape(factor === 1 ? g : multiply(g, factor), shape), x.shape)];
  };

/** Values of an operand that is a constant of the graph. */
function storedIntegers(node: Node, index: number): readonly number[] {
  const operand = at(node, index);
  const stored = operand.graph.constants.find((constant) => constant.tensor.name === operand.name);
  if (!stored) throw new Error(`${node.operator}: operand ${operand.name} is no constant`);
  return Array.from(stored.data as BigInt64Array, Number);
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
    const [condition, a, b] = [at(node, 0), at(node, 1), at(node, 2)];
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

  MatMul: matrixProduct,
  FusedMatMul: matrixProduct,

  Transpose: (node, g) => {
    const order = node.attributes.perm;
    if (order?.kind !== 'ints') throw new Error('Transpose has no perm');
    return [
      transpose(
        g,
        order.value.map((_, axis) => order.value.indexOf(axis)),
      ),
    ];
  },
  Expand: (node, g) => [unbroadcast(g, at(node, 0)), null],
  // Slice is only ever made by `columns`: along the last axis, by constants.
  Slice: (node, g) => {
    const [x, y] = [at(node, 0), result(node)];
    const [from] = storedIntegers(node, 1);
    const [total, width] = [x.shape.at(-1), y.shape.at(-1)];
    if (from === undefined || typeof total !== 'number' || typeof width !== 'number')
      throw new Error(`Slice of ${x.name}: its columns must be known`);
    return [padColumns(g, from, total - from - width), null, null, null];
  },
  Reshape: (node, g) => [reshape(g, at(node, 0).shape), null],

  ReduceSum: reduction(() => 1),
  ReduceMean: reduction((count) => {
    if (typeof count !== 'number') throw new Error('the mean over a dynamic dimension has no gradient: sum and divide');
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
    const [table, indices] = [at(node, 0), at(node, 1)];
    const rows = reshape(g, [product(indices.shape), ...table.shape.slice(1)]);
    const addTo = (total: Tensor | null): Tensor =>
      scatterAddRows(total ?? fill(table.graph, table.type, table.shape, 0), indices, rows);
    return [{ addTo } satisfies Contribution, null];
  },
  GatherElements: (node, g) => {
    const [x, indices] = [at(node, 0), at(node, 1)];
    return [scatterColumns(x.graph, x.shape, indices, g), null];
  },

  // A rotation's gradient is the rotation back.
  RotaryEmbedding: (node, g) => {
    const [cosine, sine] = [at(node, 2), at(node, 3)];
    return [rotate(g, cosine, negate(sine), integer(node, 'num_heads', 0)), null, null, null];
  },
};
