/** Adds adapters to a finished graph of any model: every product with an adapted weight gets a second term. */

import { InvalidModel } from '../../errors.js';
import { at } from '../../invariant.js';
import { type Graph, input, type Node, operand, renameLastResult, type Tensor } from '../graph/graph.js';
import { add, matmul } from '../graph/operators.js';
import type { Adapter } from './adapters.js';

/**
 * Replaces every y = x·Wᵀ of an adapted weight W (x·W of a transposed one) by y + scale · (x·Aᵀ)·Bᵀ. A `[rank, in]` and
 * B `[out, rank]` become graph inputs under their names.
 * @returns these inputs, in the order of `adapterShapes`.
 * @throws InvalidModel when a weight is used in any other way, or not at all.
 */
export function adaptGraph(graph: Graph, adapters: readonly Adapter[], scale: number): readonly Tensor[] {
  const inputs = new Map(
    adapters.map(({ weight, transposed, down, up }) => [
      weight,
      {
        transposed,
        a: input(graph, down.name, 'float32', down.shape),
        b: input(graph, up.name, 'float32', up.shape),
      },
    ]),
  );
  const used = new Set<string>();
  for (const node of graph.nodes.splice(0)) {
    const weight = node.inputs.find((tensor) => tensor && inputs.has(tensor.name));
    const adapter = weight && inputs.get(weight.name);
    if (!weight || !adapter) {
      graph.nodes.push(node);
      continue;
    }
    const [x, y] = [operand(node, 0), at(node.outputs, 0)];
    if (node.inputs[1] !== weight || !(adapter.transposed ? isProduct(node) : isTransposedProduct(node)))
      throw new InvalidModel(`${weight.name} is used by ${node.operator}: only a linear layer takes an adapter`);
    used.add(weight.name);
    const base: Tensor = { ...y, name: `${y.name}_base` };
    graph.nodes.push({ ...node, outputs: [base] });
    const change = matmul(matmul(x, adapter.a, { transposeB: true }), adapter.b, { transposeB: true, alpha: scale });
    const sum = add(base, change);
    // What reads y reads the sum.
    renameLastResult(graph, { ...sum, name: y.name });
  }
  const unused = adapters.find(({ weight }) => !used.has(weight));
  if (unused) throw new InvalidModel(`${unused.weight} is not used: it takes no adapter`);
  return [...inputs.values()].flatMap(({ a, b }) => [a, b]);
}

/** x·W. */
function isProduct({ operator }: Node): boolean {
  return operator === 'MatMul';
}

/** x·Wᵀ. */
function isTransposedProduct({ operator, attributes: { transA, transB, alpha } }: Node): boolean {
  return (
    operator === 'FusedMatMul' &&
    transA?.kind === 'int' &&
    transA.value === 0 &&
    transB?.kind === 'int' &&
    transB.value === 1 &&
    alpha?.kind === 'float' &&
    alpha.value === 1
  );
}
