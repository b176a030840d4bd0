/** The graphs that score given answers, without gradients, in the precision that the model is computed in. */
import { input, output } from '../graph/graph.js';
import { logSoftmax } from '../graph/operators.js';
import { cachePreferences, type Preferences } from '../graph/preferences.js';
import { tokenLogProbs } from '../losses/tokenLogProbs.js';
import { linear } from '../models/blocks.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { ComputeSettings } from '../weights/modelFiles.js';
import { declareModel, extraWeight, type Model, rewardHeadShapes, valueHeadShapes, valuesOf } from './declareModel.js';
import type { ModelGraph } from './graphs.js';
import { inPrecision } from './inPrecision.js';

/** What scoring gives beside log-probabilities. `values` needs a value head. */
export interface AnswerOutputs {
  readonly values: boolean;
  readonly entropies: boolean;
}

/** Scores given answers: outputs `log_probs` and, as asked for, `entropies` and `values`, all `[answers]`. */
export function answersGraph(
  config: ModelConfig,
  outputs: AnswerOutputs,
  compute?: ComputeSettings,
  preferences: Preferences = cachePreferences,
): ModelGraph {
  const heads = outputs.values ? valueHeadShapes(config) : [];
  const language = languageModel(config);
  const model = declareModel(language, 'answers', language.shapes, heads, { ...compute, preferences });
  const labels = input(model.graph, 'labels', 'int64', ['answers']);
  const { chosen, entropy } = tokenLogProbs(model.hidden, language.headMatrix(model.weight), labels);
  output(chosen, 'log_probs');
  if (outputs.entropies) output(entropy(), 'entropies');
  if (outputs.values) output(valuesOf(model), 'values');
  return scoringGraph(model, compute);
}

/** The reward model's log-probabilities: output `class_log_probs [batch, 2]`, class 1 being right. */
export function rewardModelGraph(config: ModelConfig, compute?: ComputeSettings): ModelGraph {
  const language = languageModel(config);
  const model = declareModel(language, 'batch', language.trunkShapes, rewardHeadShapes(config), compute);
  output(logSoftmax(linear(model.hidden, extraWeight(model, 'score.weight'))), 'class_log_probs');
  return scoringGraph(model, compute);
}

function scoringGraph({ graph, shapes, headShapes }: Model, compute: ComputeSettings | undefined): ModelGraph {
  return inPrecision({ graph, parameters: [...shapes, ...headShapes], metrics: [], peaks: [] }, compute);
}
