/** Starts a workflow under a name of its own, or finds the one that is still under way with the same specification. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { stringify } from 'safe-stable-stringify';
import { required } from '../../activities/invariant.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import type { NamedInput } from './readSpecInput.js';

export interface StartedRun {
  readonly handle: WorkflowHandle;
  /** True when the run was under way already. */
  readonly resumed: boolean;
}

/** `type` is a workflow type. With an id, that run is started or, when it is under way, joined. Without one, `<name>-<yyyymmdd-hhmmss>`. */
export async function startRun(
  client: Client,
  type: string,
  { name, input, title, details }: NamedInput,
  id?: string,
): Promise<StartedRun> {
  const specification = required(stringify(input), 'the specification as JSON');
  const open = id === undefined ? await findOpen(client, type, name, specification) : undefined;
  const workflowId = id ?? open ?? `${name}-${timestamp(new Date())}`;
  const before = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
  const resumed = before?.status.name === 'RUNNING';
  if (!resumed)
    await client.workflow.start(type, {
      workflowId,
      taskQueue: generalQueue,
      args: [input],
      // What it was started with: how a second `reft run` knows it again.
      memo: { specification },
      staticSummary: title,
      staticDetails: details,
    });
  return { handle: client.workflow.getHandle(workflowId), resumed };
}

async function findOpen(
  client: Client,
  type: string,
  name: string,
  specification: string,
): Promise<string | undefined> {
  // Names of presets and files may hold quotes, which the query language has no need of.
  const prefix = `${name.replaceAll(/['"\\]/g, '')}-`;
  const query = `WorkflowType = '${type}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  for await (const run of client.workflow.list({ query }))
    if (run.memo?.specification === specification) return run.workflowId;
  return undefined;
}

/** Local time as `yyyymmdd-hhmmss`. */
function timestamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
