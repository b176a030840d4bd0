/** `reft pause`, `resume`, `stop` and `cancel`: what Temporal's CLI and UI do too, under the names of the command. */
import {
  type Client,
  isGrpcServiceError,
  type WorkflowHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { pauseUpdate, resumeUpdate, stopEarlyUpdate } from '../../workflows/monitoring/progress.js';
import { describeRun, withClient, withStack } from './access.js';
import { UsageError } from './usageError.js';

export type SteerName = 'pause' | 'resume' | 'stop' | 'cancel';

const updates = { pause: pauseUpdate, resume: resumeUpdate, stop: stopEarlyUpdate } as const;

const told: Readonly<Record<SteerName, string>> = {
  pause: 'waits after the work under way, until "npx reft resume"',
  resume: 'goes on',
  stop: 'trains no further: the best checkpoint so far is evaluated and reported',
  cancel: 'is being cancelled: its best checkpoint so far and a partial report are kept (npx reft report)',
};

/** An update is answered by a worker, as soon as it has a moment. */
const patienceMs = 30_000;

/** @throws UsageError when there is no such run under way, or no worker that could be told */
export function steer(name: SteerName, id: string, { json = false }: { readonly json?: boolean } = {}): Promise<void> {
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const handle = await handleOfOpen(client, id, name);
      if (name === 'cancel') await handle.cancel();
      else await executeUpdate(client, id, () => handle.executeUpdate(updates[name]));
      console.log(json ? JSON.stringify({ id, asked: name }) : `${id} ${told[name]}.`);
    }),
  );
}

/** @throws UsageError where the run is not under way */
export async function handleOfOpen(client: Client, id: string, what: string): Promise<WorkflowHandle> {
  const { status } = await describeRun(client, id);
  if (status.name !== 'RUNNING')
    throw new UsageError(`"${id}" is not under way (${status.name.toLowerCase()}): there is nothing to ${what}`);
  return client.workflow.getHandle(id);
}

/** @throws UsageError where no worker answers the update in time */
export async function executeUpdate<Answer>(
  client: Client,
  id: string,
  update: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await client.withDeadline(Date.now() + patienceMs, update);
  } catch (error) {
    const isLate = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error);
    if (!isLate) throw error;
    throw new UsageError(
      `No worker has told "${id}" in ${patienceMs / 1_000} s: "npx reft up" or "npx reft worker" starts one`,
    );
  }
}
