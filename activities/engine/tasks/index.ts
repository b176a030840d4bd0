/** Every task the engine process can run, by name. */
import type { TaskFunction, TaskName } from '../api.js';
import { addAdapters } from './addAdapters.js';
import { diagnoseRollouts } from './diagnoseRollouts.js';
import { generate } from './generate.js';
import { importModel } from './importModel.js';
import { initialise } from './initialise.js';
import { planTraining } from './planTraining.js';
import { judge } from './rewardModelScore.js';
import { trainGroupPolicy } from './trainGroupPolicy.js';
import { trainPolicy } from './trainPolicy.js';
import { trainRewardModel } from './trainRewardModel.js';
import { trainSupervised } from './trainSupervised.js';

export const tasks: { readonly [Name in TaskName]: TaskFunction<Name> } = {
  initialise,
  importModel,
  addAdapters,
  planTraining,
  generate,
  trainSupervised,
  trainPolicy,
  trainGroupPolicy,
  diagnoseRollouts,
  trainRewardModel,
  judge,
};
