/** The workflow bundle: every export is a workflow type. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { methodNames, methods } from './config/methods.js';

export { compare } from './compare/compare.js';
export {
  comparisonEvaluation,
  comparisonRewardModel,
  comparisonTraining,
  comparisonWarmUp,
} from './compare/units.js';
export { evaluation } from './evaluation.js';
export { continueGrpo, continueRloo } from './methods/groupPolicy.js';
export {
  expertIteration as 'expert-iteration',
  grpo,
  offlineSelfTraining as 'offline-self-training',
  onlineSelfTraining as 'online-self-training',
  rloo,
  sft,
} from './methods/methodRuns.js';
export { continueOfflineSelfTraining } from './methods/offlineSelfTraining.js';
export { continueExpertIteration, continueOnlineSelfTraining } from './methods/onSamples.js';
export { continuePpo } from './methods/ppo.js';
export { continueSft } from './methods/sft.js';
export { reft } from './reft.js';

/** Temporal runs the default export for a type it does not know; left to itself it would retry such a run forever. */
export default async function unknownWorkflow(): Promise<never> {
  const parts = methodNames.map((name) => methods[name].workflow);
  throw ApplicationFailure.nonRetryable(
    `Unknown workflow type "${workflowInfo().workflowType}", known are: ${[...methodNames, 'compare', 'evaluation'].join(', ')}, and as parts of a run: ${parts.join(', ')}`,
    'UnknownWorkflowType',
  );
}
