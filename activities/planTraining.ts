/** The activity `planTraining`: the memory that a run's training steps will need on an engine's machine, before the first step. */

import type { PlannedAnswers, PlannedStep, PlanTrainingTask } from './engine/tasks/planTraining.js';
import type { MemoryBudget } from './engine/training/memoryBudget.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readManifest } from './store/checkpoint.js';
import type { CheckpointRef } from './store/types.js';
import type { EngineDependencies } from './trainingSteps.js';

/** `steps`: the largest step of each kind in the run. */
export interface PlanTrainingInput {
  readonly checkpoint: CheckpointRef;
  readonly steps: readonly PlannedStep[];
  readonly answers: PlannedAnswers;
  /** What the specification gives; left out, what the device has. */
  readonly memory?: MemoryBudget | undefined;
  /** What the run that this one goes on from kept to: taken again where all steps fit. */
  readonly before?: MemoryBudget;
}

export type TrainingPlan = PlanTrainingTask['output'];

/** @throws InsufficientMemory, naming the largest step, when one of its sequences does not fit by itself. */
export function createPlanTraining({ store, engine }: EngineDependencies) {
  return ({ checkpoint, ...planned }: PlanTrainingInput): Promise<TrainingPlan> =>
    heartbeatWhile('steps', async (onProgress, signal) => {
      const { config, adapters, compute } = await readManifest(store, checkpoint);
      const lora = adapters ? { lora: adapters.lora } : {};
      const computed = compute ? { compute } : {};
      return engine.run('planTraining', { config, ...lora, ...computed, ...planned }, { onProgress, signal });
    });
}
