/** A rewrite of decoding graphs of large models: weights become the left operands of their products. */
import { append, type Graph, type Node, renameLastResult, type Tensor } from '../graph/graph.js';
import { transpose } from '../graph/operators.js';

/**
 * Writes every y = x·Wᵀ, W an input `[out, in]`, as yᵀ = W·xᵀ. onnxruntime packs the right operand of a product at every run; this
 * way that is the small one, and the weight is read once, as it is.
 *
 * Elementwise operators between two products work on the transposed values too, so that those need not be transposed back and
 * forth. The nodes they replace stay in the graph, and `serialise` leaves out nodes whose results nobody reads.
 */
export function weightsOnTheLeft(graph: Graph): void {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  /** Transposed values, by the name of the value. */
  const transposed = new Map<string, Tensor>();
  for (const node of graph.nodes.splice(0)) {
    const [x, weight] = node.inputs;
    const [y] = node.outputs;
    if (x && y && weight && inputs.has(weight.name) && isProductWithTransposed(node)) {
      const shape = [...y.shape].reverse();
      const xTransposed = transposed.get(x.name);
      const product = append(
        graph,
        node.operator,
        [weight, xTransposed ?? x],
        { type: y.type, shape },
        { ...node.attributes, transB: { kind: 'int', value: xTransposed ? 0 : 1 } },
        node.domain,
      );
      transposed.set(y.name, product);
      transpose(product, [1, 0]);
      // What reads y reads the product transposed back.
      renameLastResult(graph, y);
      continue;
    }
    graph.nodes.push(node);
    const operands = node.inputs
      .map((operand) => operand && transposed.get(operand.name))
      .filter((operand) => operand !== null && operand !== undefined);
    if (y && elementwise.has(node.operator) && operands.length === node.inputs.length)
      transposed.set(
        y.name,
        append(graph, node.operator, operands, { type: y.type, shape: [...y.shape].reverse() }, node.attributes),
      );
  }
}

/** The elementwise operators that occur between products. */
const elementwise = new Set(['Mul', 'Add', 'Sigmoid', 'Tanh']);

function isProductWithTransposed({ operator, attributes: { transA, transB } }: Node): boolean {
  const isSet = (attribute: typeof transA, value: number): boolean =>
    attribute?.kind === 'int' && attribute.value === value;
  return operator === 'FusedMatMul' && isSet(transA, 0) && isSet(transB, 1);
}
