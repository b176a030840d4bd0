/** The two graphs of decoding, over the same trunk as in training: prefill of the cache with prompts, and a step of one token. */

import { createGraph, type Graph, input, output, storedTensor, type Tensor } from '../graph/graph.js';
import { reshape } from '../graph/operators.js';
import { inHalfPrecision, type Precision } from '../graph/precision.js';
import { cachePreferences, type Preferences } from '../graph/preferences.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import { type LanguageModel, weightsFrom } from '../models/languageModel.js';
import type { ModelGraph } from '../training/graphs.js';
import type { Parameters } from '../weights/parameters.js';
import { cachedAttention, isCacheName } from './cachedAttention.js';
import { type ChosenTokens, chooseAtRandom, chooseGreedily, chooseTempered } from './chooseToken.js';
import { isFedInHalf } from './fedWeights.js';
import { plainCachedAttention } from './plainCachedAttention.js';
import { weightsOnTheLeft } from './weightsOnTheLeft.js';

/**
 * Fills the cache from `tokens [batch, time]` (and the inputs of `cachedAttention`). It has no head: a prompt's last token is
 * left to the first step, so that all samples of a prompt share its cache and each draws its own first token.
 */
export function prefillGraph(
  config: ModelConfig,
  precision: Precision = 'float32',
  preferences: Preferences = cachePreferences,
): ModelGraph {
  const model = languageModel(config);
  const graph = createGraph({ differentiable: false, preferences: forDecoding(preferences) });
  const tokens = input(graph, 'tokens', 'int64', ['batch', 'time']);
  const weights = weightsFrom(model.shapes, (name, shape) => input(graph, name, 'float32', shape));
  const sequences = attentionOf(graph, precision)(graph, model.attention, 'batch', 'time');
  model.trunk(weights, reshape(tokens, ['batch*time']), sequences);
  return decoding(graph, model, precision);
}

/** How a step gets weights: fed, as the right or the left operands of their products, or stored in the graph. */
export type StepWeights = 'right' | 'left' | { readonly stored: Parameters };

/**
 * One token a row. Inputs: `tokens` int64 `[batch]`, `uniforms [batch]` unless greedy, `inverse_temperature [1]` where it is tempered, and
 * those of `cachedAttention`. Outputs: `next_tokens` int64 `[batch]` and `log_probs [batch]`.
 */
export function stepGraph(
  config: ModelConfig,
  greedy: boolean,
  place: StepWeights,
  precision: Precision = 'float32',
  preferences: Preferences = cachePreferences,
  tempered = false,
): ModelGraph {
  const model = languageModel(config);
  const graph = createGraph({ differentiable: false, preferences: forDecoding(preferences) });
  const tokens = input(graph, 'tokens', 'int64', ['batch']);
  const weights = weightsFrom(model.shapes, (name, shape) => {
    const stored = typeof place === 'object' ? place.stored.get(name) : undefined;
    return stored ? storedTensor(graph, name, shape, stored.data) : input(graph, name, 'float32', shape);
  });
  const sequences = attentionOf(graph, precision)(graph, model.attention, 'batch', 1);
  const logits = model.head(weights, model.trunk(weights, tokens, sequences));
  const chosen = choose(logits, greedy, tempered);
  output(chosen.tokens, 'next_tokens');
  output(chosen.logProbs, 'log_probs');
  if (place === 'left') weightsOnTheLeft(graph);
  return decoding(graph, model, precision);
}

function choose(logits: Tensor, greedy: boolean, tempered: boolean): ChosenTokens {
  if (greedy) return chooseGreedily(logits);
  const uniforms = input(logits.graph, 'uniforms', 'float32', ['batch']);
  if (!tempered) return chooseAtRandom(logits, uniforms);
  return chooseTempered(logits, uniforms, input(logits.graph, 'inverse_temperature', 'float32', [1]));
}

/** Joining weights would copy them at each step, and fused operators are those of training. */
function forDecoding(preferences: Preferences): Preferences {
  return { ...preferences, joinsProjections: false, fusedOperators: false };
}

function attentionOf({ preferences }: Graph, precision: Precision): typeof cachedAttention {
  return precision === 'float32' && preferences.plainCacheInFloat32 ? plainCachedAttention : cachedAttention;
}

/** In half precision matrices and the cache are fed in it. */
function decoding(graph: Graph, { shapes }: LanguageModel, precision: Precision): ModelGraph {
  const rest = { parameters: shapes, metrics: [], peaks: [] };
  if (precision === 'float32') return { graph, ...rest };
  const matrices = new Set(shapes.flatMap(([name, shape]) => (isFedInHalf(shape) ? [name] : [])));
  const halfInputs = (name: string): boolean => matrices.has(name) || isCacheName(name);
  return { graph: inHalfPrecision(graph, { type: precision, halfInputs }), ...rest };
}
