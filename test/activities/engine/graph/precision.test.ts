/** Half precision: which nodes of a training graph are computed in it, and that its results are near those of float32. */
import { describe, expect, it } from 'vitest';
import { emulate } from '../../../../activities/engine/graph/emulate.js';
import { gradients } from '../../../../activities/engine/graph/gradients.js';
import { createGraph, type Graph, input, output } from '../../../../activities/engine/graph/graph.js';
import {
  gatherRows,
  log,
  matmul,
  mean,
  multiply,
  sigmoid,
  softmax,
  sqrt,
  sum,
  vecdot,
} from '../../../../activities/engine/graph/operators.js';
import { inHalfPrecision } from '../../../../activities/engine/graph/precision.js';
import { optimiserSchema } from '../../../../activities/engine/optim/index.js';
import { gradientGraph, supervisedObjective } from '../../../../activities/engine/training/graphs.js';
import { buildUpdate } from '../../../../activities/engine/training/objectives.js';
import { required } from '../../../../activities/invariant.js';
import { readFixture, relativeError } from '../../../reference/fixtures.js';
import { type Feeds, parameterFeeds, runOnce } from '../runGraph.js';

const shapes = { x: [4, 8], first: [8, 6], second: [6, 5] } as const;

/** A norm, two products with an activation between them, a softmax over a vocabulary, and the gradient of the first matrix. */
function smallGraph(): Graph {
  const graph = createGraph();
  const tensor = (name: keyof typeof shapes) => input(graph, name, 'float32', shapes[name]);
  const [x, first, second] = [tensor('x'), tensor('first'), tensor('second')];
  const root = sqrt(mean(multiply(x, x), [-1], true));
  const activated = sigmoid(matmul(multiply(x, root), first));
  const logits = matmul(activated, second);
  const loss = sum(log(vecdot(logits, softmax(logits))));
  const [gradient] = gradients(loss, [first]);
  output(loss, 'loss');
  output(required(gradient, 'the gradient'), 'gradient');
  return graph;
}

/** @param size of the numbers. With larger ones the sigmoid is nearly 1, and in bfloat16 its slope is 0. */
const feedsOf = (size: number): Feeds =>
  parameterFeeds(
    new Map(
      Object.entries(shapes).map(([name, shape]) => {
        const wave = (_: unknown, i: number): number => size * (1 + 0.5 * Math.sin(name.length + 7 * i));
        return [name, { shape, data: Float32Array.from({ length: shape[0] * shape[1] }, wave) }];
      }),
    ),
  );

/** Operators that have an operand or a result in half precision. */
const inHalf = ({ nodes }: Graph): ReadonlySet<string> =>
  new Set(
    nodes
      .filter(({ inputs, outputs }) => [...inputs, ...outputs].some((tensor) => tensor?.type.endsWith('float16')))
      .map(({ operator }) => operator),
  );

/** Types of the first outputs of all nodes of an operator. */
const typesOf = (graph: Graph, operator: string): string[] => [
  ...new Set(
    graph.nodes.filter((node) => node.operator === operator).map(({ outputs: [first] }) => String(first?.type)),
  ),
];

describe('half precision', () => {
  it('is for products and what lies between them; norms, sums and losses stay in float32', () => {
    const graph = inHalfPrecision(smallGraph(), { type: 'float16' });
    const products = graph.nodes.filter(({ operator }) => /MatMul/.test(operator));
    const wide = products.filter(({ outputs: [result] }) => result?.shape.at(-1) !== 1);
    expect(wide.length).toBeGreaterThan(3);
    expect([...new Set(wide.map(({ outputs: [result] }) => result?.type))]).toEqual(['float16']);
    const columns = products.filter((node) => !wide.includes(node));
    expect([...new Set(columns.map(({ outputs: [sums] }) => sums?.type))]).toEqual(['float32']);
    expect(typesOf(graph, 'Sigmoid')).toEqual(['float16']);
    for (const operator of ['Sqrt', 'ReduceMean', 'Softmax', 'Log', 'ReduceSum'])
      expect([operator, ...typesOf(graph, operator)]).toEqual([operator, 'float32']);
  });

  it('keeps names and types of inputs and outputs, but for inputs that are fed in it', () => {
    const graph = smallGraph();
    const described = ({ inputs, outputs }: Graph) => [
      inputs.map(({ name, type }) => [name, type]),
      outputs.map(({ name, tensor }) => [name, tensor.type]),
    ];
    expect(described(inHalfPrecision(graph, { type: 'bfloat16' }))).toEqual(described(graph));
    const [fed] = described(inHalfPrecision(graph, { type: 'bfloat16', halfInputs: (name) => name === 'second' }));
    expect(fed).toEqual([
      ['x', 'float32'],
      ['first', 'float32'],
      ['second', 'bfloat16'],
    ]);
  });

  it('casts a weight once for all products that read it', () => {
    const graph = inHalfPrecision(smallGraph(), { type: 'float16' });
    const castsOf = (name: string) =>
      graph.nodes.filter(({ operator, inputs: [read] }) => operator === 'Cast' && read?.name === name);
    expect(castsOf('second')).toHaveLength(1);
  });

  it('leaves the optimiser in float32, whatever products it has', () => {
    const compute = { precision: 'bfloat16', recompute: false, attentionInBlocks: false } as const;
    const { config } = readFixture('llama-grouped');
    const muon = optimiserSchema.parse({ name: 'muon', learningRate: 1e-3 });
    const { graph } = buildUpdate({ objective: 'supervised', config, compute }, muon);
    expect(typesOf(graph, 'Gemm')).toEqual(['float32']);
    expect(typesOf(graph, 'Softmax')).toEqual(['bfloat16']);
  });

  it('leaves the graph that it is given as it is', () => {
    const graph = smallGraph();
    const before = graph.nodes.map(({ outputs }) => outputs.map(({ type }) => type));
    inHalfPrecision(graph, { type: 'float16' });
    expect(graph.nodes.map(({ outputs }) => outputs.map(({ type }) => type))).toEqual(before);
  });

  it('float16 computes a loss and its gradient near those of float32', async () => {
    const expected = await runOnce({ graph: smallGraph() }, feedsOf(1));
    const found = await runOnce({ graph: inHalfPrecision(smallGraph(), { type: 'float16' }) }, feedsOf(1));
    for (const name of ['loss', 'gradient']) {
      const [half, full] = [required(found.get(name), name).data, required(expected.get(name), name).data];
      const error = relativeError(half, full);
      expect(error).toBeLessThan(3e-3);
      expect(error).toBeGreaterThan(0);
    }
  });

  it('rounds the rows of a table of embeddings, fed in half precision or not, and hands them on in float32', () => {
    const graph = createGraph();
    const [table, rows] = [input(graph, 'table', 'float32', [4, 8]), input(graph, 'rows', 'int64', ['n'])];
    output(multiply(gatherRows(table, rows), 2), 'doubled');
    const operators = (halfInputs: (name: string) => boolean) =>
      inHalfPrecision(graph, { type: 'float16', halfInputs }).nodes.map(
        ({ operator, outputs: [result] }) => `${operator} ${result?.type}`,
      );
    expect(operators(() => false)).toEqual(['Gather float32', 'Cast float16', 'Cast float32', 'Mul float32']);
    expect(operators((name) => name === 'table')).toEqual(['Gather float16', 'Cast float32', 'Mul float32']);
  });

  it('leaves the loss and the norms of a whole model in float32', () => {
    const { graph } = gradientGraph(supervisedObjective(readFixture('llama-grouped').config));
    const halved = inHalfPrecision(graph, { type: 'bfloat16' });
    expect(typesOf(halved, 'LogSoftmax')).toEqual(['float32']);
    expect(typesOf(halved, 'Reciprocal')).toEqual(['float32']);
    expect(typesOf(halved, 'Softmax')).toEqual(['bfloat16']);
    expect(halved.outputs.map(({ tensor }) => tensor.type)).toEqual(halved.outputs.map(() => 'float32'));
  });
});

describe('operators without a kernel', () => {
  const none = { float16: new Set<string>(), bfloat16: new Set<string>() };

  it.each(['float16', 'bfloat16'] as const)('compute in float32, and %s results are rounded', async (type) => {
    const half = inHalfPrecision(smallGraph(), { type });
    const emulated = emulate(half, { ...none, [type]: 'all' });
    expect([...inHalf(emulated)]).toEqual(['Cast']);
    expect(emulated.outputs.map(({ name, tensor }) => [name, tensor.type])).toEqual(
      half.outputs.map(({ name, tensor }) => [name, tensor.type]),
    );
    const [expected, found] = [
      await runOnce({ graph: smallGraph() }, feedsOf(0.5)),
      await runOnce({ graph: emulated }, feedsOf(0.5)),
    ];
    const error = relativeError(
      required(found.get('gradient'), 'gradient').data,
      required(expected.get('gradient'), 'gradient').data,
    );
    // Half of the distance between two numbers of so many bits, a few times over.
    expect(error).toBeLessThan(type === 'float16' ? 3e-3 : 3e-2);
    expect(error).toBeGreaterThan(type === 'float16' ? 1e-5 : 1e-4);
  });

  it('are those that the table names, in its type alone', () => {
    const half = inHalfPrecision(smallGraph(), { type: 'bfloat16' });
    const emulated = emulate(half, { ...none, bfloat16: new Set(['Sigmoid']) });
    expect([...inHalf(half)].filter((operator) => !inHalf(emulated).has(operator))).toEqual(['Sigmoid']);
    expect(emulate(half, { ...none, float16: 'all' })).toBe(half);
  });
});
