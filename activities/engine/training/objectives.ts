/** What is trained and by which loss, as data: every thread that has a part in a step builds the same graph from it. */
import type { LoraConfig } from '../lora/adapters.js';
import type { ModelConfig } from '../models/configs/types.js';
import type { GroupPolicyOptions } from '../rl/groupPolicyLoss.js';
import type { PpoOptions } from '../rl/ppoLoss.js';
import {
  groupPolicyObjective,
  type Objective,
  policyObjective,
  rewardModelObjective,
  supervisedObjective,
} from './graphs.js';

export type Training = {
  readonly config: ModelConfig;
  /** Left out, every weight is trained. */
  readonly lora?: LoraConfig | undefined;
} & (
  | { readonly objective: 'supervised' | 'rewardModel' }
  | { readonly objective: 'policy'; readonly loss: PpoOptions }
  | { readonly objective: 'groupPolicy'; readonly loss: GroupPolicyOptions }
);

/** A new objective each time. */
export function buildObjective(training: Training): Objective {
  const { config, lora } = training;
  switch (training.objective) {
    case 'supervised':
      return supervisedObjective(config, lora);
    case 'policy':
      return policyObjective(config, training.loss, lora);
    case 'groupPolicy':
      return groupPolicyObjective(config, training.loss, lora);
    case 'rewardModel':
      return rewardModelObjective(config, lora);
  }
}
