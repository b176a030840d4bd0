/** `reft/client`: starts runs over a team's own Temporal client, tells how far they are, and what came of them. */
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { formats, readResult } from '../../activities/formats.js';
import { describeSpec } from '../../workflows/config/describe.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import { type Progress, progressQuery } from '../../workflows/monitoring/progress.js';
import type { reft } from '../../workflows/reft.js';
import type { RunResult } from '../../workflows/runState.js';
import { specificationOf } from '../command/chooseRun.js';
import type { ReftSpec } from './spec.js';

export type { Progress, ReftSpec, RunResult };

export interface StartOptions {
  readonly workflowId: string;
  /** Of the worker that hosts the workflow `reft`; left out, `reft`. */
  readonly taskQueue?: string;
}

/**
 * Starts a run, as `reft run` does, which finds it by its id. Where payloads are encrypted, the client needs `dataConverter`.
 * @throws InvalidSpec naming every field at fault, before anything is started
 */
export async function startReft(
  client: Client,
  spec: ReftSpec,
  { workflowId, taskQueue = generalQueue }: StartOptions,
): Promise<WorkflowHandleWithFirstExecutionRunId<typeof reft>> {
  const resolved = resolveSpec(spec);
  return client.workflow.start<typeof reft>('reft', {
    workflowId,
    taskQueue,
    args: [spec],
    memo: { specification: specificationOf(spec) },
    staticSummary: resolved.title,
    staticDetails: describeSpec(resolved),
  });
}

/** Phase, finished rounds, latest metrics and seconds left; a worker has to answer. */
export function progress(client: Client, workflowId: string): Promise<Progress> {
  return client.workflow.getHandle(workflowId).query(progressQuery);
}

/**
 * Waits for the end of a run.
 * @throws WorkflowFailedError when it failed; IncompatibleVersion when a later version of ReFT gave the result
 */
export async function result(client: Client, workflowId: string): Promise<RunResult> {
  return readResult(formats.runResult, await client.workflow.getHandle<typeof reft>(workflowId).result());
}

export { dataConverterFrom } from '../../infra/temporal/codec/dataConverter.js';
