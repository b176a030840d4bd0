/** Whether a process has the keys of the runs that are under way: a worker without them would fail their steps again and again. */
import type { WorkflowService } from '@temporalio/client';
import { MissingCodecKey } from '../../../activities/errors.js';
import { keyIdOf, missingKey } from './codec.js';
import { codecKeysFrom } from './keys.js';

/** How many of the runs under way are looked at, the newest first. */
const mostRuns = 100;

/**
 * Goes by the memos of the runs, which are encrypted as they were started.
 * @throws MissingCodecKey naming the variables; InvalidSettings when they hold no keys
 */
export async function checkOpenRuns(
  service: Pick<WorkflowService, 'listWorkflowExecutions'>,
  { namespace, taskQueue }: { readonly namespace: string; readonly taskQueue: string },
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const keys = codecKeysFrom(environment);
  const query = `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
  const { executions } = await service.listWorkflowExecutions({ namespace, query, pageSize: mostRuns });
  for (const { memo, execution } of executions ?? [])
    for (const payload of Object.values(memo?.fields ?? {})) {
      const key = keyIdOf(payload);
      if (key === undefined || keys.some(({ id }) => id === key)) continue;
      const { message } = missingKey(key, keys);
      throw new MissingCodecKey(
        `run ${JSON.stringify(execution?.workflowId)} is under way, and ${message}. Where the key is lost, end the run: ` +
          '`temporal workflow terminate`',
      );
    }
}
