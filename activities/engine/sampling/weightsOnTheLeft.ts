/** Turns the products of a graph round, for steps of many rows of a large model. */
import { append, type Graph, type Node, type Tensor } from '../graph/graph.js';
import { transpose } from '../graph/operators.js';

/**
 * Writes every y = x·Wᵀ, W an input `[out, in]`, as y = (W·xᵀ)ᵀ. onnxruntime brings the right operand of a product into another
 * order first, at every run: this way that is the small one, and the weight is read once as it lies.
 */
export function weightsOnTheLeft(graph: Graph): void {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.nodes.splice(0)) {
    const [x, weight] = node.inputs;
    const [y] = node.outputs;
    if (!x || !weight || !y || !isProductWithTransposed(node) || !inputs.has(weight.name)) {
      graph.nodes.push(node);
      continue;
    }
    const product = append(
      graph,
      node.operator,
      [weight, x],
      { type: y.type, shape: [...y.shape].reverse() },
      node.attributes,
      node.domain,
    );
    const turned = transpose(product, [1, 0]);
    // The transposed product takes the place of y: what reads y reads it.
    const last = graph.nodes.pop();
    if (last) graph.nodes.push({ ...last, outputs: [{ ...turned, name: y.name } satisfies Tensor] });
  }
}

function isProductWithTransposed({ operator, attributes: { transA, transB } }: Node): boolean {
  return (
    operator === 'FusedMatMul' &&
    transA?.kind === 'int' &&
    transA.value === 0 &&
    transB?.kind === 'int' &&
    transB.value === 1
  );
}
