/**
 * What a round of policy training holds beside its steps: weights that answers are scored with, and a scoring pass
 * while the steps of the round before still have their memory.
 */
import { allAt } from '../../invariant.js';
import type { LoraConfig } from '../lora/adapters.js';
import { adaptersOf } from '../lora/adapters.js';
import { languageModel } from '../models/index.js';
import type { LanguageModel, ParameterShapes } from '../models/languageModel.js';
import { chosenDevice } from '../ort/devices.js';
import type { TokenSequence } from './layout.js';
import { trainedLength } from './layout.js';
import { type MemoryModel, memoryModel, weightBytes } from './memory.js';
import type { MemoryBudget } from './memoryBudget.js';
import { groupSizes } from './microBatches.js';
import type { Training } from './objectives.js';
import { passes, passMemory, tokenBudget } from './scoreAnswers.js';
import { answersGraph } from './scoringGraphs.js';
import { stays } from './sessions.js';

export interface PolicyMemory {
  /** Bytes of the weights that policy and reference are scored with: with adapters, those they are merged into. */
  readonly weights: number;
  /** Bytes that scoring takes at its peak. */
  readonly scoring: number;
}

/**
 * What the graphs take that the policy's answers and the reference's are scored with. Adapters are merged before, so it is the same
 * with LoRA and without.
 * @param hasValues whether the policy has a value head; the reference has none.
 */
export function scoringModels(
  { config, compute }: Pick<Training, 'config' | 'compute'>,
  hasValues: boolean,
): readonly MemoryModel[] {
  const { preferences } = chosenDevice();
  const outputs = [
    { values: hasValues, entropies: true },
    { values: false, entropies: false },
  ];
  return outputs.map((asked) => memoryModel(answersGraph(config, asked, compute, preferences).graph));
}

/**
 * @param scoring of this model.
 * @param longest a rollout as long as any.
 */
export function policyMemory(
  { config, lora }: Pick<Training, 'config' | 'lora'>,
  scoring: readonly MemoryModel[],
  longest: TokenSequence,
  budget: MemoryBudget,
): PolicyMemory {
  const model = languageModel(config);
  // As many as a pass takes: how many a round has is not known here.
  const rollouts = new Array<TokenSequence>(Math.ceil(tokenBudget / trainedLength(longest))).fill(longest);
  const needs = scoring.map((memory) => {
    const [group = []] = passes(memory, rollouts, passMemory(budget));
    return memory(groupSizes(allAt(rollouts, group)));
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
