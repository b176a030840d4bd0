/** The specification that a run was started with, as it was given. */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { eventsOf } from '../../activities/readableEvents.js';
import { UsageError } from './usageError.js';

/** From its memo, and of one that was started otherwise than by this command from its history. */
export async function inputOf(
  client: Client,
  { workflowId, runId, memo }: WorkflowExecutionDescription,
): Promise<unknown> {
  const known = memo?.specification;
  if (typeof known === 'string') return JSON.parse(known);
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const [first] = await eventsOf(client, history ?? {});
  const [input] = first?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  if (input === undefined) throw new UsageError(`"${workflowId}" was started without a specification`);
  return defaultPayloadConverter.fromPayload(input);
}
