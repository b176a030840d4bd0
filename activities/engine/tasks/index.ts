/** Every task the engine process can run, by name. */

import { type GenerateTask, generate } from '../sampling/generate.js';
import type { TaskFunction } from '../threads/task.js';
import type { AddAdaptersTask } from './addAdapters.js';
import { addAdapters } from './addAdapters.js';
import type { DiagnoseRolloutsTask } from './diagnoseRollouts.js';
import { diagnoseRollouts } from './diagnoseRollouts.js';
import { halveOnce } from './halveOnce.js';
import type { ImportModelTask } from './importModel.js';
import { importModel } from './importModel.js';
import type { InitialiseTask } from './initialise.js';
import { initialise } from './initialise.js';
import type { PlanTrainingTask } from './planTraining.js';
import { planTraining } from './planTraining.js';
import type { RewardModelScoreTask } from './rewardModelScore.js';
import { rewardModelScore } from './rewardModelScore.js';
import type { TrainPolicyTask } from './trainPolicy.js';
import { trainPolicy } from './trainPolicy.js';
import type { TrainRewardModelTask } from './trainRewardModel.js';
import { trainRewardModel } from './trainRewardModel.js';
import type { TrainSupervisedTask } from './trainSupervised.js';
import { trainSupervised } from './trainSupervised.js';

export interface EngineTasks {
  readonly initialise: InitialiseTask;
  readonly importModel: ImportModelTask;
  readonly addAdapters: AddAdaptersTask;
  readonly planTraining: PlanTrainingTask;
  readonly trainSupervised: TrainSupervisedTask;
  readonly generate: GenerateTask;
  readonly trainPolicy: TrainPolicyTask;
  readonly diagnoseRollouts: DiagnoseRolloutsTask;
  readonly trainRewardModel: TrainRewardModelTask;
  readonly rewardModelScore: RewardModelScoreTask;
}

export type TaskName = keyof EngineTasks;

export const tasks: { readonly [Name in TaskName]: TaskFunction<EngineTasks[Name]> } = {
  initialise,
  importModel,
  addAdapters,
  planTraining,
  generate: halveOnce(generate),
  trainSupervised: halveOnce(trainSupervised),
  trainPolicy: halveOnce(trainPolicy),
  diagnoseRollouts,
  trainRewardModel: halveOnce(trainRewardModel),
  rewardModelScore,
};
