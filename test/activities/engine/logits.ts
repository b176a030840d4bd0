/** A model's logits at the positions that predict answers, from one forward pass. */

import { createGraph, input, output } from '../../../activities/engine/graph/graph.js';
import { gatherRows, reshape } from '../../../activities/engine/graph/operators.js';
import { causalAttention } from '../../../activities/engine/models/causalAttention.js';
import { languageModel, type ModelConfig } from '../../../activities/engine/models/index.js';
import { weightsFrom } from '../../../activities/engine/models/languageModel.js';
import type { TokenSequence } from '../../../activities/engine/training/layout.js';
import { layOutAnswers, sequenceFeeds } from '../../../activities/engine/training/layout.js';
import type { Parameters } from '../../../activities/engine/weights/parameters.js';
import { type Feeds, floats, integers, parameterFeeds, runOnce } from './runGraph.js';

/** The graph that gives logits at the positions fed: `[positions, vocabulary]`. */
function logitsGraph(config: ModelConfig) {
  const model = languageModel(config);
  const graph = createGraph();
  const tokens = input(graph, 'tokens', 'int64', ['batch', 'time']);
  const positions = input(graph, 'positions', 'int64', ['answers']);
  const weight = weightsFrom(model.shapes, (name, shape) => input(graph, name, 'float32', shape));
  const sequences = causalAttention(graph, model.attention, 'batch', 'time');
  const states = model.trunk(weight, reshape(tokens, ['batch*time']), sequences);
  output(model.head(weight, gatherRows(states, positions)), 'logits');
  return { graph };
}

/** `[answer tokens × vocabulary]`, sequence by sequence. */
export async function logitsOf(
  config: ModelConfig,
  parameters: Parameters,
  sequences: readonly TokenSequence[],
): Promise<Float32Array> {
  const { batch, time, tokens, grid, slots, positions } = layOutAnswers(sequences);
  const outputs = await runOnce(logitsGraph(config), {
    tokens: integers(
      grid.map((token) => tokens[Number(token)] ?? 0n),
      [batch, time],
    ),
    positions: integers(positions.map((token) => slots[Number(token)] ?? 0n)),
    ...parameterFeeds(parameters),
  });
  return outputs.get('logits')?.data ?? new Float32Array();
}

/** A batch whose answer tokens all weigh the same. */
export function supervisedFeeds(sequences: readonly TokenSequence[]): Feeds {
  const layout = layOutAnswers(sequences);
  return {
    ...sequenceFeeds(layout),
    labels: integers(layout.labels),
    weights: floats(Array.from(layout.labels, () => 1 / layout.labels.length)),
  };
}
