/** Why a run failed, in the words of what failed first. */
import type { WorkflowFailedError } from '@temporalio/client';
import { rootCause } from '@temporalio/common';

/** Temporal wraps a failure in one for the activity and one for the workflow, neither of which says anything. */
export function failureReason(error: WorkflowFailedError): string {
  return rootCause(error.cause) ?? error.message;
}
