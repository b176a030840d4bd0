/** Replays committed histories with workflow code, as a worker does that takes over a run. */
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import type { RecordedWorkflow } from './files.js';

/** Why runs of these workflows would not go on, a line a workflow that stops; none where all goes on. */
export async function replayAll(
  workflows: readonly RecordedWorkflow[],
  workflowBundle: WorkflowBundle,
): Promise<readonly string[]> {
  const histories = workflows.flatMap(({ workflowId, executions }) =>
    executions.map((execution) => ({ workflowId, history: historyFromJSON(execution) })),
  );
  const stopped = new Map<string, string>();
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories))
    if (error && !stopped.has(workflowId)) stopped.set(workflowId, `${workflowId}: ${error.message}`);
  return [...stopped.values()];
}

/** What whoever changed the code is told. */
export function advise(version: string, stopped: readonly string[]): string {
  return [
    `Runs that version ${version} began stop at the next worker with this code (Temporal's TMPRL1100):`,
    ...stopped.map((line) => `- ${line}`),
    'Keep the earlier order of activities, timers and child workflows for them: put the change behind `since` of workflows/patches.ts.',
    `Only where no run of ${version} is to go on (it was never released): \`npm run histories\` makes them anew.`,
    'See "Change a workflow" in CONTRIBUTING.md.',
  ].join('\n');
}
