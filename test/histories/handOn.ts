/** A workflow that goes on as another: whatever it is given is handed on, as an earlier execution of that workflow would have done. */
import { makeContinueAsNewFunc } from '@temporalio/workflow';
import { generalQueue } from '../../workflows/config/taskQueues.js';

export async function handOn(workflowType: string, args: readonly unknown[]): Promise<never> {
  return makeContinueAsNewFunc({ workflowType, taskQueue: generalQueue })(...args);
}
