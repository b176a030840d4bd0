/**
 * Writes operators that an execution provider lacks in ones that it has. Names of inputs and outputs stay, so the graph is run
 * as before. It is the last thing done to a graph: gradients are known for the operators it removes.
 */
import { append, constant, createGraph, type Graph, type Node, type Tensor } from './graph.js';
import { exp, log, multiply, subtract, sum, transpose } from './operators.js';

/** The same value in other operators, the last of which gives the result. */
type Expansion = (node: Node, inputs: readonly Tensor[]) => Tensor;

const expansions: Readonly<Record<string, Expansion>> = {
  FusedMatMul: (node, inputs) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    const { transA, transB, alpha } = node.attributes;
    const [result] = node.outputs;
    if (!transA || !transB || alpha?.kind !== 'float' || !result) throw new Error('FusedMatMul lacks an attribute');
    // Transposes plain matrices for free.
    if (a.shape.length === 2) return append(a.graph, 'Gemm', [a, b], result, { transA, transB, alpha });
    const product = append(
      a.graph,
      'MatMul',
      [transA.value === 1 ? swapLastAxes(a) : a, transB.value === 1 ? swapLastAxes(b) : b],
      result,
    );
    return alpha.value === 1 ? product : multiply(product, alpha.value);
  },

  // x − max − log Σ exp(x − max), over the last axis.
  LogSoftmax: (_, inputs) => {
    const x = at(inputs, 0);
    const largest = append(x.graph, 'ReduceMax', [x, constant(x.graph, 'int64', [1], [-1])], {
      type: x.type,
      shape: [...x.shape.slice(0, -1), 1],
    });
    const shifted = subtract(x, largest);
    return subtract(shifted, log(sum(exp(shifted), [-1], true)));
  },
};

/** @returns the graph itself where it has none of the `lacking` operators. */
export function lower(graph: Graph, lacking: ReadonlySet<string>): Graph {
  if (!graph.nodes.some(({ operator }) => lacking.has(operator))) return graph;
  const lowered: Graph = { ...createGraph(graph), counter: graph.counter };
  const moved = (tensor: Tensor): Tensor => ({ ...tensor, graph: lowered });
  lowered.inputs.push(...graph.inputs.map(moved));
  lowered.outputs.push(...graph.outputs.map(({ name, tensor }) => ({ name, tensor: moved(tensor) })));
  lowered.constants.push(...graph.constants);
  for (const node of graph.nodes) {
    const expand = lacking.has(node.operator) ? expansions[node.operator] : undefined;
    if (node.operator === 'Scan' && lacking.has('Scan')) appendWhole(lowered, node, moved);
    else if (expand) appendExpansion(lowered, node, expand, moved);
    else lowered.nodes.push(node);
  }
  return lowered;
}

/** The formula that a Scan computes in pieces (`pieces.ts`), on the whole at once. */
function appendWhole(lowered: Graph, node: Node, moved: (tensor: Tensor) => Tensor): void {
  const body = node.attributes.body?.kind === 'graph' ? node.attributes.body.value : undefined;
  const [stacked] = node.inputs;
  if (!body || !stacked) throw new Error('a Scan lacks its body');
  const places = new Map(body.inputs.map(({ name }, index) => [name, at(node.inputs, index)]));
  body.outputs.forEach(({ tensor }, index) => {
    places.set(tensor.name, at(node.outputs, index));
  });
  const whole = (tensor: Tensor): Tensor => {
    if (tensor.graph !== body || tensor.shape.length === 0) return moved(tensor);
    return moved(places.get(tensor.name) ?? { ...tensor, shape: stacked.shape });
  };
  lowered.constants.push(...body.constants);
  for (const { inputs, outputs, ...inner } of body.nodes)
    lowered.nodes.push({ ...inner, inputs: inputs.map((x) => x && whole(x)), outputs: outputs.map(whole) });
}

/** The expansion's result takes the name of the node's, by which later nodes know it. */
function appendExpansion(lowered: Graph, node: Node, expand: Expansion, moved: (tensor: Tensor) => Tensor): void {
  const inputs = node.inputs.flatMap((tensor) => (tensor ? [moved(tensor)] : []));
  const { name } = expand(node, inputs);
  const last = lowered.nodes.pop();
  if (last?.outputs[0]?.name !== name) throw new Error(`the expansion of ${node.operator} must end in its result`);
  lowered.nodes.push({ ...last, outputs: node.outputs });
}

function at(inputs: readonly (Tensor | null)[], index: number): Tensor {
  const tensor = inputs[index];
  if (!tensor) throw new Error(`operand ${index} is missing`);
  return tensor;
}

function swapLastAxes(x: Tensor): Tensor {
  const rank = x.shape.length;
  const order = x.shape.map((_, axis) => axis);
  return transpose(x, [...order.slice(0, -2), rank - 1, rank - 2]);
}
