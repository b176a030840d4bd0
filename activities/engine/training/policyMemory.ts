/**
 * What a round of policy training holds beside its steps: weights that answers are scored with, and a scoring pass
 * while the steps of the round before still have their memory.
 */
import { allAt } from '../../invariant.js';
import type { LoraConfig } from '../lora/adapters.js';
import { adaptersOf } from '../lora/adapters.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { LanguageModel, ParameterShapes } from '../models/languageModel.js';
import { answersGraph } from './graphs.js';
import type { TokenSequence } from './layout.js';
import { trainedLength } from './layout.js';
import { memoryModel, weightBytes } from './memory.js';
import { groupSizes } from './microBatches.js';
import { passes, passMemory, tokenBudget } from './scoreAnswers.js';
import { stays } from './sessions.js';

export interface PolicyMemory {
  /** Bytes of the weights that policy and reference are scored with: with adapters, those they are merged into. */
  readonly weights: number;
  /** Bytes that scoring takes at its peak. */
  readonly scoring: number;
}

/**
 * @param longest a rollout as long as any.
 * @param hasValues whether the policy has a value head; the reference has none.
 */
export function policyMemory(
  config: ModelConfig,
  lora: LoraConfig | undefined,
  longest: TokenSequence,
  hasValues: boolean,
): PolicyMemory {
  const model = languageModel(config);
  const reference = answersGraph(config, { values: false, entropies: false });
  const policy = answersGraph(config, { values: hasValues, entropies: true });
  // As many as a pass takes: how many a round has is not known here.
  const rollouts = new Array<TokenSequence>(Math.ceil(tokenBudget / trainedLength(longest))).fill(longest);
  const needs = [policy, reference].map(({ graph }) => {
    const [group = []] = passes(graph, rollouts, passMemory());
    return memoryModel(graph)(groupSizes(allAt(rollouts, group)));
  });
  const kept = needs.filter(stays).reduce((total, bytes) => total + bytes, 0);
  return {
    // The policy's are none of the arrays in training: merged ones, or those that training starts with copies of.
    weights: 2 * weightBytes(lora ? adaptedWeights(model, lora) : model.shapes),
    scoring: Math.max(kept, ...needs),
  };
}

/** Merging gives new arrays to adapted weights alone. */
function adaptedWeights({ shapes, linear }: LanguageModel, lora: LoraConfig): ParameterShapes {
  const adapted = new Set(adaptersOf(linear, lora).map(({ weight }) => weight));
  return shapes.filter(([name]) => adapted.has(name));
}
