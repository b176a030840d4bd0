/**
 * What a workflow's own code may fail with: an error of the table in `activities/errors.ts`, thrown as it is.
 *
 * Left to itself, Temporal would take it for a fault that the next version of the code mends, and try the workflow task again for
 * ever. Here it becomes the end of the run, with the error's name as its type, and is not tried again.
 */
import { ApplicationFailure, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { failureTypes } from '../activities/errors.js';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      execute: (input, next) => next(input).catch(failWith),
      handleUpdate: (input, next) => next(input).catch(failWith),
    },
  ],
});

function failWith(error: unknown): never {
  if (error instanceof Error && Object.hasOwn(failureTypes, error.name))
    throw ApplicationFailure.nonRetryable(error.message, error.name);
  throw error;
}
