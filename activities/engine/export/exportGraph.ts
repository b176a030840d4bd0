/**
 * The graph of an exported model: from tokens and the key-value cache to logits and the longer cache. The caller chooses tokens.
 *
 * Only ONNX's own operators, so that any runtime can run it.
 */
import { InternalError } from '../../errors.js';

import { createGraph, type Graph, input, type Node, output } from '../graph/graph.js';
import { reshape } from '../graph/operators.js';
import { product } from '../graph/shape.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import { weightsFrom } from '../models/languageModel.js';
import { pastAttention } from './pastAttention.js';

/**
 * Inputs: `input_ids` int64 `[batch, time]`, those of `pastAttention`, and the model's weights, which `writeOnnxModel` makes
 * constants. Outputs: `logits [batch, time, vocabulary]` and those of `pastAttention`.
 */
export function exportGraph(config: ModelConfig): Graph {
  const model = languageModel(config);
  const graph = createGraph();
  const tokens = input(graph, 'input_ids', 'int64', ['batch', 'time']);
  const weights = weightsFrom(model.shapes, (name, shape) => input(graph, name, 'float32', shape));
  const sequences = pastAttention(graph, model.attention);
  const hidden = model.trunk(weights, reshape(tokens, [product(['batch', 'time'])]), sequences);
  output(reshape(model.head(weights, hidden), ['batch', 'time', model.vocabularySize]), 'logits');
  return { ...graph, nodes: graph.nodes.map(withOnnxOperator) };
}

/** @throws InternalError when onnxruntime's own operator has no counterpart among ONNX's. */
function withOnnxOperator(node: Node): Node {
  if (node.domain === '') return node;
  const { transA, transB, alpha } = node.attributes;
  const isProduct = node.operator === 'FusedMatMul' && node.inputs.every((operand) => operand?.shape.length === 2);
  if (!isProduct || !transA || !transB || !alpha)
    throw new InternalError(`${node.operator} has no counterpart among ONNX's operators`);
  return { ...node, operator: 'Gemm', domain: '', attributes: { transA, transB, alpha } };
}
