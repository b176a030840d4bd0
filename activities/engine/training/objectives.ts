/** What is trained and by which loss, as data: every thread that has a part in a step builds the same graph from it. */
import type { LoraConfig } from '../lora/adapters.js';
import type { ModelConfig } from '../models/index.js';
import { type AlgorithmChoice, bindAlgorithm } from '../rl/index.js';
import { type Objective, policyObjective, rewardModelObjective, supervisedObjective } from './graphs.js';

export type ObjectiveChoice =
  | { readonly objective: 'supervised' | 'rewardModel' }
  | { readonly objective: 'policy'; readonly algorithm: AlgorithmChoice };

export type Training = ObjectiveChoice & {
  readonly config: ModelConfig;
  /** Left out, every weight is trained. */
  readonly lora?: LoraConfig | undefined;
};

/** A new objective each time. */
export function buildObjective(training: Training): Objective {
  const { config, lora } = training;
  switch (training.objective) {
    case 'supervised':
      return supervisedObjective(config, lora);
    case 'policy':
      return policyObjective(config, bindAlgorithm(training.algorithm), lora);
    case 'rewardModel':
      return rewardModelObjective(config, lora);
  }
}
