/** The two graphs of decoding, over the same trunk as in training: prefill of the cache with prompts, and a step of one token. */

import { createGraph, input, output, storedTensor } from '../graph/graph.js';
import { reshape } from '../graph/operators.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import { weightsFrom } from '../models/languageModel.js';
import type { ModelGraph } from '../training/graphs.js';
import type { Parameters } from '../weights/parameters.js';
import { cachedAttention } from './cachedAttention.js';
import { type ChosenTokens, chooseAtRandom, chooseGreedily } from './chooseToken.js';
import { weightsOnTheLeft } from './weightsOnTheLeft.js';

/**
 * Fills the cache from `tokens [batch, time]` (and the inputs of `cachedAttention`). It has no head: a prompt's last token is
 * left to the first step, so that all samples of a prompt share its cache and each draws its own first token.
 */
export function prefillGraph(config: ModelConfig): ModelGraph {
  const model = languageModel(config);
  const graph = createGraph({ differentiable: false });
  const tokens = input(graph, 'tokens', 'int64', ['batch', 'time']);
  const weights = weightsFrom(model.shapes, (name, shape) => input(graph, name, 'float32', shape));
  const sequences = cachedAttention(graph, model.attention, 'batch', 'time');
  model.trunk(weights, reshape(tokens, ['batch*time']), sequences);
  return { graph, parameters: model.shapes, metrics: [], peaks: [] };
}

/** How a step gets weights: fed, as the right or the left operands of their products, or stored in the graph. */
export type StepWeights = 'right' | 'left' | { readonly stored: Parameters };

/**
 * One token a row. Inputs: `tokens` int64 `[batch]`, `uniforms [batch]` unless greedy, and those of `cachedAttention`. Outputs:
 * `next_tokens` int64 `[batch]` and `log_probs [batch]`.
 */
export function stepGraph(config: ModelConfig, greedy: boolean, place: StepWeights): ModelGraph {
  const model = languageModel(config);
  const graph = createGraph({ differentiable: false });
  const tokens = input(graph, 'tokens', 'int64', ['batch']);
  const weights = weightsFrom(model.shapes, (name, shape) => {
    const stored = typeof place === 'object' ? place.stored.get(name) : undefined;
    return stored ? storedTensor(graph, name, shape, stored.data) : input(graph, name, 'float32', shape);
  });
  const sequences = cachedAttention(graph, model.attention, 'batch', 1);
  const logits = model.head(weights, model.trunk(weights, tokens, sequences));
  const chosen: ChosenTokens = greedy
    ? chooseGreedily(logits)
    : chooseAtRandom(logits, input(graph, 'uniforms', 'float32', ['batch']));
  output(chosen.tokens, 'next_tokens');
  output(chosen.logProbs, 'log_probs');
  if (place === 'left') weightsOnTheLeft(graph);
  return { graph, parameters: model.shapes, metrics: [], peaks: [] };
}
