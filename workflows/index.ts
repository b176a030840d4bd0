/** The workflow bundle: every export is a workflow type. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

export { continuePpo } from './methods/ppo.js';
export { continueSft } from './methods/sft.js';
export { reft } from './reft.js';
export { sft } from './sft.js';

/** Temporal runs the default export for a type it does not know; left to itself it would retry such a run forever. */
export default async function unknownWorkflow(): Promise<never> {
  throw ApplicationFailure.nonRetryable(
    `Unknown workflow type "${workflowInfo().workflowType}", known are: reft, sft, and from a warm-up on: continuePpo, continueSft`,
    'UnknownWorkflowType',
  );
}
