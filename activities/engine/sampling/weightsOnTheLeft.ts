/** Turns the products of a graph round, for the decoding steps of a large model. */
import { append, type Graph, type Node, renameLastResult, type Tensor } from '../graph/graph.js';
import { transpose } from '../graph/operators.js';

/**
 * Writes every y = x·Wᵀ, W an input `[out, in]`, as yᵀ = W·xᵀ. onnxruntime brings the right operand of a product into another
 * order first, at every run: this way that is the small one, and the weight is read once as it lies.
 *
 * What lies between two products and goes element by element is computed on transposed values, too, so that it need not be
 * turned back and forth. (Nodes whose results nobody reads are left out when the graph is written.)
 */
export function weightsOnTheLeft(graph: Graph): void {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  /** Transposed values by the name of the value. */
  const turned = new Map<string, Tensor>();
  for (const node of graph.nodes.splice(0)) {
    const [x, weight] = node.inputs;
    const [y] = node.outputs;
    if (x && y && weight && inputs.has(weight.name) && isProductWithTransposed(node)) {
      const shape = [...y.shape].reverse();
      const xTurned = turned.get(x.name);
      const product = append(
        graph,
        node.operator,
        [weight, xTurned ?? x],
        { type: y.type, shape },
        { ...node.attributes, transB: { kind: 'int', value: xTurned ? 0 : 1 } },
        node.domain,
      );
      turned.set(y.name, product);
      transpose(product, [1, 0]);
      // What reads y reads the product transposed back.
      renameLastResult(graph, y);
      continue;
    }
    graph.nodes.push(node);
    const operands = node.inputs.flatMap((operand) => turned.get(operand?.name ?? '') ?? []);
    if (y && elementwise.has(node.operator) && operands.length === node.inputs.length)
      turned.set(
        y.name,
        append(graph, node.operator, operands, { type: y.type, shape: [...y.shape].reverse() }, node.attributes),
      );
  }
}

/** Those found between products. */
const elementwise = new Set(['Mul', 'Add', 'Sigmoid', 'Tanh']);

function isProductWithTransposed({ operator, attributes: { transA, transB } }: Node): boolean {
  const isSet = (attribute: typeof transA, value: number): boolean =>
    attribute?.kind === 'int' && attribute.value === value;
  return operator === 'FusedMatMul' && isSet(transA, 0) && isSet(transB, 1);
}
