/**
 * What a workflow's own code may fail with: an error of the table in `activities/errors.ts`, thrown as it is.
 *
 * Left to itself, Temporal takes it for a fault that another version of the code mends, and tries the workflow task again for ever.
 * That is right for what the table says may pass. Any other becomes the end of the run, with the error's name as its type.
 */
import { ApplicationFailure, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { nonRetryableFailures } from '../activities/errors.js';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      execute: (input, next) => next(input).catch(failWith),
      handleUpdate: (input, next) => next(input).catch(failWith),
    },
  ],
});

function failWith(error: unknown): never {
  if (error instanceof Error && nonRetryableFailures.includes(error.name))
    throw ApplicationFailure.nonRetryable(error.message, error.name);
  throw error;
}
