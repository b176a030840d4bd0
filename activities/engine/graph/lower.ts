/**
 * Lowering: replaces operators that an execution provider lacks by ones that it has. Names of inputs and outputs stay the same.
 * It is the last thing done to a graph, because `gradients.ts` has no rules for some of the operators it puts in.
 */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';
import { type FusedName, fusedName } from './fusedOperators.js';
import {
  append,
  constant,
  createGraph,
  type Graph,
  type Node,
  operand,
  renameLastResult,
  type Tensor,
} from './graph.js';
import { fusedExpansions } from './lowerFused.js';
import { cast, exp, log, multiply, subtract, sum, transpose } from './operators.js';

/** Appends the same value in other operators. `node` is given with inputs of the new graph. Its result is the last node's. */
type Expansion = (node: Node) => Tensor;

const expansions: Readonly<Record<string, Expansion>> = {
  FusedMatMul: (node) => {
    const [a, b, result] = [operand(node, 0), operand(node, 1), at(node.outputs, 0)];
    const { transA, transB, alpha } = node.attributes;
    if (!transA || !transB || alpha?.kind !== 'float') throw new InternalError('FusedMatMul lacks an attribute');
    // Gemm transposes matrices at no cost, but takes no leading axes.
    if (a.shape.length === 2) return append(a.graph, 'Gemm', [a, b], result, { transA, transB, alpha });
    const product = append(
      a.graph,
      'MatMul',
      [transA.value === 1 ? swapLastAxes(a) : a, transB.value === 1 ? swapLastAxes(b) : b],
      result,
    );
    if (alpha.value === 1) return product;
    // Constants are float32.
    const isHalf = a.type !== 'float32';
    return multiply(product, isHalf ? cast(constant(a.graph, 'float32', [], [alpha.value]), a.type) : alpha.value);
  },

  // x − max − log Σ exp(x − max), over the last axis.
  LogSoftmax: (node) => {
    const x = operand(node, 0);
    const largest = append(x.graph, 'ReduceMax', [x, constant(x.graph, 'int64', [1], [-1])], {
      type: x.type,
      shape: [...x.shape.slice(0, -1), 1],
    });
    const shifted = subtract(x, largest);
    return subtract(shifted, log(sum(exp(shifted), [-1], true)));
  },
};

/**
 * A graph without the `lacking` operators, as far as there are expansions for them; `graph` itself where it has none of them.
 * @param lacking ONNX names of operators.
 */
export function lower(graph: Graph, lacking: ReadonlySet<string>): Graph {
  if (!graph.nodes.some(({ operator }) => lacking.has(operator))) return graph;
  const lowered: Graph = { ...createGraph(graph), counter: graph.counter };
  const moved = (tensor: Tensor): Tensor => ({ ...tensor, graph: lowered });
  lowered.inputs.push(...graph.inputs.map(moved));
  lowered.outputs.push(...graph.outputs.map(({ name, tensor }) => ({ name, tensor: moved(tensor) })));
  lowered.constants.push(...graph.constants);
  for (const [name, { tensor, axis }] of graph.dimensions)
    lowered.dimensions.set(name, { tensor: moved(tensor), axis });
  for (const node of graph.nodes) {
    const fused = lacking.has(node.operator) && fusedName(node);
    const expand = lacking.has(node.operator) ? expansions[node.operator] : undefined;
    if (fused) appendFused(lowered, node, fused, moved);
    else if (isInChunks(node) && lacking.has('Scan')) appendWhole(lowered, node, moved);
    else if (expand) appendExpansion(lowered, node, expand, moved);
    else lowered.nodes.push(node);
  }
  return lowered;
}

/** Whether a node is a Scan of `chunks.ts`: its operands are chunks of one shape. */
function isInChunks({ operator, inputs, attributes: { num_scan_inputs: scanned } }: Node): boolean {
  return (
    operator === 'Scan' && scanned?.kind === 'int' && scanned.value === inputs.length && inputs[0]?.shape.length === 2
  );
}

/** Applies the formula that a Scan computes chunk by chunk (`chunks.ts`) to the whole arrays at once. */
function appendWhole(lowered: Graph, node: Node, moved: (tensor: Tensor) => Tensor): void {
  const { body: attribute } = node.attributes;
  if (attribute?.kind !== 'graph') throw new InternalError('a Scan lacks its body');
  const body = attribute.value;
  const { shape } = operand(node, 0);
  const places = new Map(body.inputs.map(({ name }, index) => [name, operand(node, index)]));
  body.outputs.forEach(({ tensor }, index) => {
    places.set(tensor.name, at(node.outputs, index));
  });
  const whole = (tensor: Tensor): Tensor => {
    if (tensor.graph !== body || tensor.shape.length === 0) return moved(tensor);
    return moved(places.get(tensor.name) ?? { ...tensor, shape });
  };
  lowered.constants.push(...body.constants);
  for (const { inputs, outputs, ...inner } of body.nodes)
    lowered.nodes.push({ ...inner, inputs: inputs.map((x) => x && whole(x)), outputs: outputs.map(whole) });
}

function appendExpansion(lowered: Graph, node: Node, expand: Expansion, moved: (tensor: Tensor) => Tensor): void {
  expand({ ...node, inputs: node.inputs.map((tensor) => tensor && moved(tensor)) });
  renameLastResult(lowered, at(node.outputs, 0));
}

function appendFused(lowered: Graph, node: Node, name: FusedName, moved: (tensor: Tensor) => Tensor): void {
  const values = fusedExpansions[name]({ ...node, inputs: node.inputs.map((tensor) => tensor && moved(tensor)) });
  node.outputs.forEach((result, index) => {
    const value = at(values, index);
    if (value.type === result.type) append(lowered, 'Identity', [value], result);
    else cast(value, result.type);
    renameLastResult(lowered, moved(result));
  });
}

function swapLastAxes(x: Tensor): Tensor {
  const rank = x.shape.length;
  const order = x.shape.map((_, axis) => axis);
  return transpose(x, [...order.slice(0, -2), rank - 1, rank - 2]);
}
