/** Every gradient rule against central differences, with the shapes and broadcasts that models and losses use. */
import { describe, expect, it } from 'vitest';
import {
  gatherDistinctRows,
  gatherLogSoftmax,
  geglu,
  rmsNorm,
  segmentMeans,
  softmaxMatmul,
  swiglu,
} from '../../../../activities/engine/graph/customGradients.js';
import { gradients } from '../../../../activities/engine/graph/gradients.js';
import { append, constant, createGraph, input, scalar } from '../../../../activities/engine/graph/graph.js';
import {
  add,
  concatenate,
  divide,
  equal,
  erf,
  exp,
  expand,
  gatherElements,
  gatherRows,
  less,
  log,
  logSoftmax,
  matmul,
  maximum,
  mean,
  minimum,
  multiply,
  negate,
  reciprocal,
  reshape,
  sigmoid,
  slice,
  softmax,
  split,
  sqrt,
  subtract,
  sum,
  tanh,
  transpose,
  where,
} from '../../../../activities/engine/graph/operators.js';
import { rotaryEmbedding } from '../../../../activities/engine/graph/rotaryEmbedding.js';
import { gradientRules } from '../../../../activities/engine/graph/rules.js';
import type { Dimension, Shape } from '../../../../activities/engine/graph/shape.js';
import { forwardGraph, type GradientCase, gradientErrors } from './centralDifferences.js';

const x = { shape: ['batch', 3, 2] };
const sizes = { batch: 2 };
/** Far enough from 0 that a step never crosses a pole. */
const positive = { ...x, from: 0.5, to: 2 };

/** 2/√π · Σₙ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)), exact to rounding for |x| ≤ 2; onnxruntime has no Erf of float64. */
function errorFunction(value: number): number {
  let [term, total] = [value, value];
  for (let n = 1; n < 60; n++) {
    term *= -(value * value) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const elementwise: readonly GradientCase[] = [
  { name: 'Identity', inputs: { x }, sizes, build: (t) => append(t('x').graph, 'Identity', [t('x')], t('x')) },
  { name: 'Neg', inputs: { x }, sizes, build: (t) => negate(t('x')) },
  { name: 'Exp', inputs: { x }, sizes, build: (t) => exp(t('x')) },
  { name: 'Log', inputs: { x: positive }, sizes, build: (t) => log(t('x')) },
  { name: 'Sqrt', inputs: { x: positive }, sizes, build: (t) => sqrt(t('x')) },
  { name: 'Reciprocal', inputs: { x: positive }, sizes, build: (t) => reciprocal(t('x')) },
  { name: 'Sigmoid', inputs: { x: { ...x, from: -4, to: 4 } }, sizes, build: (t) => sigmoid(t('x')) },
  {
    name: 'Erf',
    inputs: { x: { ...x, from: -2, to: 2 } },
    sizes,
    build: (t) => erf(t('x')),
    forward: (values) => values('x').map(errorFunction),
  },
  { name: 'Tanh', inputs: { x: { ...x, from: -2, to: 2 } }, sizes, build: (t) => tanh(t('x')) },
];

const broadcasts = [
  { name: 'equal shapes', a: ['batch', 3, 2], b: ['batch', 3, 2] },
  { name: 'a row', a: ['batch', 3, 2], b: [2] },
  { name: 'kept axes', a: ['batch', 1, 2], b: [1, 3, 1] },
  { name: 'a scalar', a: [], b: ['batch', 2] },
];

const pairs = [
  { name: 'Add', operate: add },
  { name: 'Sub', operate: subtract },
  { name: 'Mul', operate: multiply },
  { name: 'Div', operate: divide },
  { name: 'Max', operate: maximum },
  { name: 'Min', operate: minimum },
];

const pairwise: readonly GradientCase[] = pairs.flatMap(({ name, operate }) =>
  broadcasts.map(({ name: shapes, a, b }) => ({
    name: `${name} of ${shapes}`,
    inputs: { a: { shape: a }, b: { shape: b, from: 0.5, to: 2 } },
    sizes,
    build: (t) => operate(t('a'), t('b')),
  })),
);

const choices: readonly GradientCase[] = [
  {
    name: 'Where by a comparison',
    inputs: { a: x, b: x },
    sizes,
    build: (t) => where(less(t('a'), t('b')), multiply(t('a'), 3), t('b')),
  },
  {
    name: 'Where by a mask over a row',
    inputs: { a: { shape: [2] }, b: x },
    indices: { mask: { shape: ['batch', 3, 1], values: [1, 0, 0, 1, 1, 0] } },
    sizes,
    build: (t) => where(equal(t('mask'), constant(t('mask').graph, 'int64', [], [1])), t('a'), t('b')),
  },
];

const orientations = [false, true].flatMap((a) => [false, true].map((b) => ({ a, b })));

/** Σₖ alpha · A[i, k] · B[k, j] of every leading index, from row-major arrays. */
function matrixProduct(
  a: readonly number[],
  b: readonly number[],
  size: { readonly leading: number; readonly m: number; readonly k: number; readonly n: number },
  options: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number },
): number[] {
  const { leading, m, k, n } = size;
  return Array.from({ length: leading * m * n }, (_, index) => {
    const [batch, i, j] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n];
    let total = 0;
    for (let inner = 0; inner < k; inner++) {
      const left = a[batch * m * k + (options.transposeA ? inner * m + i : i * k + inner)] ?? Number.NaN;
      const right = b[batch * k * n + (options.transposeB ? j * k + inner : inner * n + j)] ?? Number.NaN;
      total += options.alpha * left * right;
    }
    return total;
  });
}

/** A·B with `a [leading, m, k]` and `b [leading, k, n]`, either of them transposed. */
function orientedProducts(
  name: string,
  { leading, m, k, n }: { readonly leading: Shape; readonly m: Dimension; readonly k: number; readonly n: number },
): GradientCase[] {
  const count = (dimension: Dimension): number => (typeof dimension === 'number' ? dimension : sizes.batch);
  const size = { leading: leading.reduce<number>((total, axis) => total * count(axis), 1), m: count(m), k, n };
  return orientations.map(({ a: transposeA, b: transposeB }) => {
    const options = { transposeA, transposeB, alpha: 0.7 };
    return {
      name: `FusedMatMul, ${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'}${name}`,
      inputs: {
        a: { shape: [...leading, ...(transposeA ? [k, m] : [m, k])] },
        b: { shape: [...leading, ...(transposeB ? [n, k] : [k, n])] },
      },
      sizes,
      build: (t) => matmul(t('a'), t('b'), options),
      forward: (values) => matrixProduct(values('a'), values('b'), size, options),
    };
  });
}

const products: readonly GradientCase[] = [
  {
    name: 'MatMul',
    inputs: { a: { shape: ['batch', 2, 3, 2] }, b: { shape: ['batch', 2, 2, 4] } },
    sizes,
    build: (t) => matmul(t('a'), t('b')),
  },
  {
    name: 'MatMul, leading axes broadcast',
    inputs: { a: { shape: [1, 'batch', 2] }, b: { shape: [3, 2, 4] } },
    sizes,
    build: (t) => matmul(t('a'), t('b')),
  },
  ...orientedProducts('', { leading: ['batch'], m: 3, k: 2, n: 4 }),
  // Plain matrices so wide that a gradient's product has several blocks of columns.
  ...orientedProducts(' of 2 × 130 × 3', { leading: [], m: 'batch', k: 130, n: 3 }),
  ...orientedProducts(' of 2 × 3 × 130', { leading: [], m: 'batch', k: 3, n: 130 }),
  ...orientedProducts(' of 130 × 3 × 2', { leading: [], m: 130, k: 3, n: 2 }),
];

const shapes: readonly GradientCase[] = [
  { name: 'Transpose', inputs: { x }, sizes, build: (t) => transpose(t('x'), [2, 0, 1]) },
  { name: 'Reshape', inputs: { x }, sizes, build: (t) => reshape(t('x'), ['3*batch', 2]) },
  { name: 'Slice of columns', inputs: { x: { shape: ['batch', 7] } }, sizes, build: (t) => slice(t('x'), 2, 5) },
  {
    name: 'Concat',
    inputs: { x: { shape: [2, 3] }, y: { shape: [4, 3] }, z: { shape: [1, 3] } },
    sizes: {},
    build: (t) => concatenate([t('x'), t('y'), t('z')], 0),
  },
  {
    name: 'Split, its parts read unlike each other',
    inputs: { x: { shape: ['batch', 7] } },
    sizes,
    build: (t) => {
      const [a, b, c] = split(t('x'), [2, 2, 3], 1);
      if (!a || !b || !c) throw new Error('three parts');
      return concatenate([multiply(a, b), c], 1);
    },
  },
  { name: 'Slice to the end', inputs: { x: { shape: ['batch', 7] } }, sizes, build: (t) => slice(t('x'), 5, 7) },
  { name: 'Expand', inputs: { x: { shape: [3, 1] } }, build: (t) => expand(t('x'), [2, 3, 4]) },
];

const reductions: readonly GradientCase[] = [
  { name: 'ReduceSum of all axes', inputs: { x }, sizes, build: (t) => sum(t('x')) },
  { name: 'ReduceSum of one axis', inputs: { x }, sizes, build: (t) => sum(t('x'), [1]) },
  { name: 'ReduceSum, axes kept', inputs: { x }, sizes, build: (t) => sum(t('x'), [0, 2], true) },
  { name: 'ReduceMean of the last axis', inputs: { x }, sizes, build: (t) => mean(t('x'), [-1], true) },
  { name: 'ReduceMean of two axes', inputs: { x }, sizes, build: (t) => mean(t('x'), [1, 2]) },
  { name: 'Softmax', inputs: { x: { ...x, shape: ['batch', 5] } }, sizes, build: (t) => softmax(t('x')) },
  { name: 'LogSoftmax', inputs: { x: { ...x, shape: ['batch', 5] } }, sizes, build: (t) => logSoftmax(t('x')) },
];

const lookups: readonly GradientCase[] = [
  {
    name: 'Gather with repeated rows',
    inputs: { table: { shape: [4, 3] } },
    indices: { rows: { shape: ['n'], values: [2, 0, 2, 2, 3] } },
    sizes: { n: 5 },
    build: (t) => gatherRows(t('table'), t('rows')),
  },
  {
    name: 'Gather from a table used elsewhere too',
    inputs: { table: { shape: [4, 3] } },
    indices: { rows: { shape: ['n'], values: [1, 1] } },
    sizes: { n: 2 },
    build: (t) => matmul(gatherRows(t('table'), t('rows')), transpose(t('table'), [1, 0])),
  },
  {
    name: 'GatherElements',
    inputs: { x: { shape: ['n', 4] } },
    indices: { columns: { shape: ['n'], values: [3, 0, 3] } },
    sizes: { n: 3 },
    build: (t) => gatherElements(t('x'), t('columns')),
  },
  {
    name: 'log softmax at one column of each row',
    inputs: { x: { shape: ['n', 4] } },
    indices: { columns: { shape: ['n'], values: [3, 0, 3] } },
    sizes: { n: 3 },
    build: (t) => gatherLogSoftmax(t('x'), logSoftmax(t('x')), t('columns')),
  },
  {
    name: 'Gather of distinct rows',
    inputs: { table: { shape: ['rows', 3] } },
    indices: { rows: { shape: ['n'], values: [4, 0, 2] } },
    sizes: { rows: 5, n: 3 },
    build: (t) => gatherDistinctRows(t('table'), t('rows')),
  },
];

const formulas: readonly GradientCase[] = [
  {
    name: 'softmax times a matrix',
    inputs: { scores: { shape: ['batch', 3, 4], from: -3, to: 3 }, values: { shape: ['batch', 4, 2] } },
    sizes,
    build: (t) => softmaxMatmul(t('scores'), t('values')),
  },
  {
    name: 'geglu',
    inputs: { gate: { shape: ['batch', 5], from: -3, to: 3 }, up: { shape: ['batch', 5] } },
    sizes,
    build: (t) => geglu(t('gate'), t('up')),
  },
  {
    name: 'swiglu',
    inputs: { gate: { shape: ['batch', 5], from: -3, to: 3 }, up: { shape: ['batch', 5] } },
    sizes,
    build: (t) => swiglu(t('gate'), t('up')),
    // onnxruntime fuses the forward into an operator that it has in float32 only.
    forward: (values) => values('gate').map((x, index) => ((values('up')[index] ?? 0) * x) / (1 + Math.exp(-x))),
  },
  {
    name: 'means over segments of ragged lengths',
    inputs: { x: { shape: ['n'] } },
    sizes: { n: 6 },
    indices: { segmentOf: { shape: ['n'], values: [0, 0, 0, 1, 2, 2] } },
    build: (t) => segmentMeans(t('x'), t('segmentOf'), 3),
  },
  {
    name: 'rmsNorm',
    inputs: { x: { shape: ['batch', 6] }, gain: { shape: [6] } },
    sizes,
    build: (t) => rmsNorm(t('x'), t('gain'), 1e-5),
  },
  {
    name: 'rmsNorm of what is used elsewhere too',
    inputs: { x: { shape: ['batch', 6] }, gain: { shape: [6] } },
    sizes,
    build: (t) => multiply(rmsNorm(t('x'), t('gain'), 0.1), t('x')),
  },
];

const rotary = { time: 3, heads: 2, size: 8 };
const angles = Array.from({ length: rotary.time * (rotary.size / 2) }, (_, index) => 0.3 * index);

/** Pairs (i, i + size/2) of each head turned by their position's angles. */
function rotated(x: readonly number[]): number[] {
  const { time, heads, size } = rotary;
  const half = size / 2;
  return x.map((value, index) => {
    const [position, i] = [Math.floor(index / (heads * size)) % time, index % size];
    const angle = angles[position * half + (i % half)] ?? Number.NaN;
    const other = i < half ? -(x[index + half] ?? Number.NaN) : (x[index - half] ?? Number.NaN);
    return value * Math.fround(Math.cos(angle)) + other * Math.fround(Math.sin(angle));
  });
}

const rotations: readonly GradientCase[] = [
  {
    name: 'RotaryEmbedding',
    inputs: { x: { shape: ['batch', rotary.time, rotary.heads * rotary.size] } },
    sizes,
    build: (t) => {
      const { graph } = t('x');
      const table = (f: (angle: number) => number) =>
        constant(graph, 'float32', [rotary.time, rotary.size / 2], angles.map(f));
      return rotaryEmbedding(t('x'), table(Math.cos), table(Math.sin), rotary.heads);
    },
    forward: (values) => rotated(values('x')),
  },
];

const cases = [
  ...elementwise,
  ...pairwise,
  ...choices,
  ...products,
  ...shapes,
  ...reductions,
  ...lookups,
  ...formulas,
  ...rotations,
];

describe('gradient rules against central differences', () => {
  it.each(cases)('$name', async (gradientCase) => {
    for (const error of Object.values(await gradientErrors(gradientCase))) expect(error).toBeLessThan(5e-6);
  });

  it('leaves no rule out', () => {
    const covered = cases.flatMap((one) => forwardGraph(one, 'float32').graph.nodes.map((node) => node.operator));
    expect(Object.keys(gradientRules).filter((operator) => !covered.includes(operator))).toEqual([]);
  });
});

describe('gradients', () => {
  it('adds what reaches a tensor on several ways', async () => {
    const several: GradientCase = {
      name: 'x · exp(x) + x / 2',
      inputs: { x },
      sizes,
      build: (t) => add(multiply(t('x'), exp(t('x'))), divide(t('x'), 2)),
    };
    const errors = await gradientErrors(several);
    expect(errors.x).toBeLessThan(5e-6);
  });

  it('refuses a loss that is not a scalar', () => {
    const vector = input(createGraph(), 'v', 'float32', [3]);
    expect(() => gradients(exp(vector), [vector])).toThrow('[3]');
  });

  it('names a parameter that the loss does not depend on', () => {
    const graph = createGraph();
    const used = input(graph, 'used', 'float32', []);
    const unused = input(graph, 'unused', 'float32', []);
    expect(() => gradients(exp(used), [used, unused])).toThrow('unused');
  });

  it('names an operator without a rule', () => {
    const value = input(createGraph(), 'value', 'float32', []);
    const sine = append(value.graph, 'Sin', [value], { type: 'float32', shape: [] });
    expect(() => gradients(multiply(sine, scalar(sine, 2)), [value])).toThrow('Sin');
  });
});
