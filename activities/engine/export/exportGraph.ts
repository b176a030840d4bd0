/** The graph of an exported model: tokens and a past in, logits and the grown past out. Greedy or sampled is the caller's affair. */

import { createGraph, type Graph, input, output } from '../graph/graph.js';
import { reshape } from '../graph/operators.js';
import { product } from '../graph/shape.js';
import { languageModel } from '../models/architectures.js';
import type { ModelConfig } from '../models/configs/types.js';
import { weightsFrom } from '../models/languageModel.js';
import { pastAttention } from './pastAttention.js';
import { plainOperators } from './plainOperators.js';

/**
 * Input `input_ids` int64 `[batch, time]` and those of `pastAttention`; output `logits` `[batch, time, vocabulary]` and its
 * present keys and values. The model's weights are inputs too: who writes the file makes them constants.
 */
export function exportGraph(config: ModelConfig): Graph {
  const model = languageModel(config);
  const graph = createGraph();
  const tokens = input(graph, 'input_ids', 'int64', ['batch', 'time']);
  const weights = weightsFrom(model.shapes, (name, shape) => input(graph, name, 'float32', shape));
  const sequences = pastAttention(graph, model.attention);
  const hidden = model.trunk(weights, reshape(tokens, [product(['batch', 'time'])]), sequences);
  output(reshape(model.head(weights, hidden), ['batch', 'time', model.vocabularySize]), 'logits');
  return plainOperators(graph);
}
