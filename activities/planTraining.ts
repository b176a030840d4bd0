/** The activity `planTraining`: what a run's training steps will need in memory on an engine's machine, before the first. */
import type { PlanTrainingInput, TrainingPlan } from './contracts.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readManifest } from './store/checkpoint.js';
import type { EngineDependencies } from './trainingSteps.js';

/** @throws InsufficientMemory, naming the step, when one of its sequences does not fit by itself. */
export function createPlanTraining({ store, engine }: EngineDependencies) {
  return ({ checkpoint, steps }: PlanTrainingInput): Promise<TrainingPlan> =>
    heartbeatWhile('steps', async (onProgress, signal) => {
      const { config, adapters } = await readManifest(store, checkpoint);
      const lora = adapters ? { lora: adapters.lora } : {};
      return engine.run('planTraining', { config, ...lora, steps }, { onProgress, signal });
    });
}
