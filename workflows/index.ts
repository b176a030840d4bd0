/** The workflow bundle: every export is a workflow type; the default one stands for each method's name. */
import { workflowInfo } from '@temporalio/workflow';
import { UnknownWorkflowType } from '../activities/errors.js';
import { methodNames } from './config/methods.js';
import type { SpecInput } from './config/resolve.js';
import { reft } from './reft.js';
import type { RunResult, RunState } from './runState.js';

export { annotate } from './annotate.js';
export { collectGarbage } from './collectGarbage.js';
export { compare } from './compare/compare.js';
export {
  comparisonEvaluation,
  comparisonRewardModel,
  comparisonTraining,
  comparisonWarmUp,
} from './compare/units.js';
export { evaluation } from './evaluation.js';
export { training } from './methods/training.js';
export { reft } from './reft.js';

/**
 * Temporal runs the default export for a type that has none of its own: each method's name is a run with that method. Any other
 * type fails here; left to itself Temporal would retry such a run for ever. Continue-as-new keeps the type.
 */
export default async function methodRun(input: SpecInput, carried?: RunState): Promise<RunResult> {
  const { workflowType } = workflowInfo();
  const method = methodNames.find((name) => name === workflowType);
  if (method) return reft({ ...input, method }, carried);
  throw new UnknownWorkflowType(
    `Unknown workflow type "${workflowType}", known are: ${[...methodNames, 'compare', 'evaluation', 'annotate', 'collectGarbage'].join(', ')}, and as part of a run: training`,
  );
}
