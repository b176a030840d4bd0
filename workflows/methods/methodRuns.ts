/** Each method as a run of its own: `reft` from warm-up to report with the specification's method set to it. */

import type { MethodName } from '../config/methods.js';
import type { SpecInput } from '../config/resolve.js';
import { reft } from '../reft.js';
import type { RunResult, RunState } from '../runState.js';

/** Continue-as-new keeps the type that the workflow was started as. */
const runOf =
  (method: MethodName) =>
  (input: SpecInput, carried?: RunState): Promise<RunResult> =>
    reft({ ...input, method }, carried);

export const sft = runOf('sft');
export const offlineSelfTraining = runOf('offline-self-training');
export const onlineSelfTraining = runOf('online-self-training');
export const expertIteration = runOf('expert-iteration');
export const grpo = runOf('grpo');
export const rloo = runOf('rloo');
