/** Puts ONNX's own operators in the place of onnxruntime's, for graphs that leave the house. */
import type { Graph, Node } from '../graph/graph.js';

/** @throws Error when a node has no counterpart. */
export function plainOperators(graph: Graph): Graph {
  return { ...graph, nodes: graph.nodes.map(plain) };
}

function plain(node: Node): Node {
  if (node.domain === '') return node;
  const { transA, transB, alpha } = node.attributes;
  const isProduct = node.operator === 'FusedMatMul' && node.inputs.every((operand) => operand?.shape.length === 2);
  if (!isProduct || !transA || !transB || !alpha)
    throw new Error(`${node.operator} has no plain ONNX counterpart here`);
  return { ...node, operator: 'Gemm', domain: '', attributes: { transA, transB, alpha } };
}
