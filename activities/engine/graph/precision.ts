/**
 * Half precision for devices that have it in hardware: takes a finished float32 graph, gradients included, and gives one whose
 * matrix products, and the elementwise operators between them, compute in float16 or bfloat16. What adds up (norms, losses, the
 * optimiser) stays float32. Weights that are inputs stay float32 (master weights) and are cast where a product reads them. Names
 * of inputs and outputs stay.
 */
import { at, required } from '../../invariant.js';
import { fusedName, fusedOperands } from './fusedOperators.js';
import {
  createGraph,
  type ElementType,
  type Graph,
  type HalfType,
  type Node,
  operand,
  renameLastResult,
  type Tensor,
  withReads,
} from './graph.js';
import { cast } from './operators.js';

/** What a model is computed in. Losses, norms, log-probabilities, weights in training and the optimiser are float32 in all of them. */
export type Precision = 'float32' | HalfType;

export interface HalfPrecision {
  readonly type: HalfType;
  /** Inputs of float32 that are fed in half precision instead: weights and caches of decoding. */
  readonly halfInputs?: (name: string) => boolean;
  /** Nodes from this place on, the optimiser's, compute in float32. Left out: there are none. */
  readonly fullFrom?: number;
}

const products = new Set(['MatMul', 'FusedMatMul', 'Gemm', 'GroupQueryAttention']);
/** Computed in half precision where all that they read comes so. */
const following = new Set(
  (
    'Add Sub Mul Div Neg Sigmoid Tanh Erf Identity Where Reshape Transpose Expand Concat Split Slice Gather GatherElements Trilu ' +
    'RotaryEmbedding ReduceSum Softmax ScatterND SimplifiedLayerNormalization'
  ).split(' '),
);

/**
 * The graph in half precision; `graph` itself stays as it is.
 * @throws InternalError where a node reads a tensor that is not computed before it.
 */
export function inHalfPrecision(graph: Graph, options: HalfPrecision): Graph {
  const { type: half, halfInputs = () => false, fullFrom = graph.nodes.length } = options;
  const halved: Graph = { ...createGraph(graph), counter: graph.counter };
  /** Each tensor as it is computed, and its casts. */
  const native = new Map<string, Tensor>();
  const casts = new Map<string, Tensor>();
  /** Small or constant: takes the type of what it meets. */
  const pliant = new Set<string>();

  const place = (tensor: Tensor, type: ElementType): Tensor => {
    const placed = { ...tensor, type, graph: halved };
    native.set(tensor.name, placed);
    return placed;
  };
  const found = ({ name }: Tensor): Tensor => required(native.get(name), `${name}, which is read, computed before`);
  const as = (tensor: Tensor, type: ElementType): Tensor => {
    const computed = found(tensor);
    if (computed.type === type) return computed;
    const key = `${type} ${tensor.name}`;
    const known = casts.get(key) ?? cast(computed, type);
    casts.set(key, known);
    return known;
  };

  /**
   * Rows of a table of embeddings are rounded, whether the table is fed in half precision or not, so that training and sampling
   * start from the same numbers; the residual stream that they begin is float32.
   */
  const appendLookup = (node: Node): void => {
    const inputs = node.inputs.map((tensor) => tensor && found(tensor));
    const [table, rows] = [operand({ ...node, inputs }, 0), at(node.outputs, 0)];
    const gathered = { ...rows, graph: halved, type: table.type, name: `Gather_${halved.counter++}` };
    halved.nodes.push({ ...node, inputs, outputs: [gathered] });
    cast(table.type === half ? gathered : cast(gathered, half), 'float32');
    renameLastResult(halved, place(rows, 'float32'));
  };

  for (const tensor of graph.inputs) {
    const isHalf = tensor.type === 'float32' && halfInputs(tensor.name);
    halved.inputs.push(place(tensor, isHalf ? half : tensor.type));
    if (tensor.name.endsWith('.bias')) pliant.add(tensor.name);
  }
  for (const [name, { tensor, axis }] of graph.dimensions) halved.dimensions.set(name, { tensor: found(tensor), axis });
  for (const { tensor, data } of graph.constants) {
    halved.constants.push({ tensor: place(tensor, tensor.type), data });
    pliant.add(tensor.name);
  }
  const given = new Set(graph.inputs.map(({ name }) => name));
  for (const [index, node] of graph.nodes.entries()) {
    if (isLookup(node, given)) {
      appendLookup(node);
      continue;
    }
    const fused = fusedName(node);
    if (fused) {
      const { inputs, outputs } = fusedOperands[fused];
      const typed = (type: string, tensor: Tensor): ElementType => (type === 'half' ? half : tensor.type);
      halved.nodes.push({
        ...node,
        domain: `reft.${half}`,
        inputs: inputs.map((type, place) => {
          const tensor = operand(node, place);
          return as(tensor, typed(type, tensor));
        }),
        outputs: node.outputs.map((tensor, result) => place(tensor, typed(at(outputs, result), tensor))),
      });
      continue;
    }
    const floats = node.inputs.flatMap((tensor) => (tensor?.type === 'float32' ? [tensor] : []));
    const firm = floats.filter(({ name }) => !pliant.has(name));
    const comesInHalf = firm.length > 0 && firm.every((tensor) => found(tensor).type === half);
    const isHalf = index < fullFrom && (isProduct(node) || (follows(node) && comesInHalf));
    const type = isHalf ? half : 'float32';
    const reading = withReads(node, (tensor) => (tensor.type === 'float32' ? as(tensor, type) : found(tensor)));
    const outputs = node.outputs.map((tensor) => place(tensor, tensor.type === 'float32' ? type : tensor.type));
    halved.nodes.push({ ...reading, outputs });
    if (firm.length === 0 && !isHalf) for (const { name } of outputs) pliant.add(name);
  }
  for (const { name, tensor } of graph.outputs) {
    const isCache = halfInputs(name);
    const result = tensor.type === 'float32' && !isCache ? as(tensor, 'float32') : found(tensor);
    halved.outputs.push({ name, tensor: result });
  }
  return halved;
}

/** Whether a node reads rows of an input, which is then a table of embeddings. */
function isLookup({ operator, inputs: [table] }: Node, given: ReadonlySet<string>): boolean {
  return operator === 'Gather' && table?.type === 'float32' && given.has(table.name);
}

/** A product whose result is one column is a sum (`vecdot`), and sums stay float32. */
function isProduct({ operator, outputs: [result] }: Node): boolean {
  return products.has(operator) && result?.type === 'float32' && result.shape.at(-1) !== 1;
}

function follows({ operator, attributes, outputs: [result] }: Node): boolean {
  if (operator === 'ScatterND') return attributes.reduction === undefined;
  // A softmax over the vocabulary [n, vocabulary] is drawn from, and adds up many small numbers; one over keys has more axes.
  if (operator === 'Softmax') return result !== undefined && result.shape.length > 2;
  return following.has(operator);
}
