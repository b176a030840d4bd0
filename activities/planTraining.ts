/** The activity `planTraining`: the memory that a run's training steps will need on an engine's machine, before the first step. */

import type { PlannedStep, PlanTrainingTask } from './engine/tasks/planTraining.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readManifest } from './store/checkpoint.js';
import type { CheckpointRef } from './store/types.js';
import type { EngineDependencies } from './trainingSteps.js';

/** `steps`: the largest step of each kind in the run. */
export interface PlanTrainingInput {
  readonly checkpoint: CheckpointRef;
  readonly steps: readonly PlannedStep[];
}

export type TrainingPlan = PlanTrainingTask['output'];

/** @throws InsufficientMemory, naming the step, when one of its sequences does not fit by itself. */
export function createPlanTraining({ store, engine }: EngineDependencies) {
  return ({ checkpoint, steps }: PlanTrainingInput): Promise<TrainingPlan> =>
    heartbeatWhile('steps', async (onProgress, signal) => {
      const { config, adapters } = await readManifest(store, checkpoint);
      const lora = adapters ? { lora: adapters.lora } : {};
      return engine.run('planTraining', { config, ...lora, steps }, { onProgress, signal });
    });
}
