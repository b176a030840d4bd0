/** What is trained, by which loss and in which precision, as data: every thread that has a part in a step builds the same graphs from it. */
import type { Preferences } from '../graph/preferences.js';
import type { LoraConfig } from '../lora/adapters.js';
import type { ModelConfig } from '../models/index.js';
import type { OptimiserSettings } from '../optim/index.js';
import { chosenDevice } from '../ort/devices.js';
import { type AlgorithmChoice, bindAlgorithm } from '../rl/index.js';
import type { ComputeSettings } from '../weights/modelFiles.js';
import {
  accumulateGraph,
  gradientGraph,
  type Objective,
  policyObjective,
  rewardModelObjective,
  supervisedObjective,
  type TrainingGraph,
  type UpdateGraph,
  updateGraph,
  withLossScale,
} from './graphs.js';
import { inPrecision } from './inPrecision.js';

export type ObjectiveChoice =
  | { readonly objective: 'supervised' | 'rewardModel' }
  | { readonly objective: 'policy'; readonly algorithm: AlgorithmChoice };

export type Training = ObjectiveChoice & {
  readonly config: ModelConfig;
  /** Left out, every weight is trained. */
  readonly lora?: LoraConfig | undefined;
  /** Left out: float32, nothing computed again. */
  readonly compute?: ComputeSettings | undefined;
};

/** Whether gradients are those of a scaled loss. */
export function isScaled({ compute }: Pick<Training, 'compute'>): boolean {
  return compute?.precision === 'float16';
}

/** The graphs of a training, in its precision and as the device that they are for likes them; new ones each time. */
export function buildUpdate(training: Training, settings: OptimiserSettings, device = chosenDevice()): UpdateGraph {
  return inPrecision(updateGraph(buildObjective(training, device), settings), training.compute);
}
export function buildGradients(training: Training, device = chosenDevice()): TrainingGraph {
  return inPrecision(gradientGraph(buildObjective(training, device)), training.compute);
}
export function buildAccumulation(training: Training, device = chosenDevice()): TrainingGraph {
  return inPrecision(accumulateGraph(buildObjective(training, device)), training.compute);
}

/** In float32; a new objective each time. */
export function buildObjective(training: Training, { preferences } = chosenDevice()): Objective {
  const { recompute = false } = training.compute ?? {};
  const objective = { ...objectiveOf(training, preferences), recompute };
  return isScaled(training) ? withLossScale(objective) : objective;
}

function objectiveOf(training: Training, preferences: Preferences): Objective {
  const { config, lora, compute } = training;
  const settings = { ...compute, preferences };
  switch (training.objective) {
    case 'supervised':
      return supervisedObjective(config, lora, settings);
    case 'policy':
      return policyObjective(config, bindAlgorithm(training.algorithm), lora, settings);
    case 'rewardModel':
      return rewardModelObjective(config, lora, settings);
  }
}
