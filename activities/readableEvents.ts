/** The events of a workflow's history, decrypted where they are encrypted. (Results, queries and memos the client decrypts itself.) */
import type { Client } from '@temporalio/client';
import { decode } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import {
  visit,
  walkGetWorkflowExecutionHistoryResponse,
} from '@temporalio/common/lib/internal-non-workflow/payload-visitor.js';
import type { temporal } from '@temporalio/proto';
import { at } from './invariant.js';
import type { HistoryEvent } from './neededByHistory.js';

/**
 * @param runId of one execution; left out, the newest
 * @throws MissingCodecKey
 */
export async function readableEvents(
  client: Client,
  workflowId: string,
  runId?: string,
): Promise<readonly HistoryEvent[]> {
  return eventsOf(client, await client.workflow.getHandle(workflowId, runId).fetchHistory());
}

/**
 * The events of a part of a history, decrypted in place.
 * @throws MissingCodecKey
 */
export async function eventsOf(
  client: Client,
  history: temporal.api.history.v1.IHistory,
): Promise<readonly HistoryEvent[]> {
  const { payloadCodecs } = client.options.loadedDataConverter;
  await visit({ history }, walkGetWorkflowExecutionHistoryResponse, {
    transformPayloads: (payloads) => decode(payloadCodecs, payloads),
    transformPayload: async (payload) => at(await decode(payloadCodecs, [payload]), 0),
    skipHeaders: true,
    skipSearchAttributes: true,
  });
  return history.events ?? [];
}
