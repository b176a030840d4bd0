/** `reft status` and `reft report`: what has become of a run. */
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { openStore } from '../openStore.js';
import { failureReason, queryProgress, uiAddress, withClient, withStack } from './access.js';
import { summariseResult } from './kinds.js';
import { createProgressDisplay } from './progressDisplay.js';
import { saveReport } from './saveReport.js';
import { UsageError } from './usageError.js';

/** Prints a run's state: its progress while it runs, its result afterwards. */
export function status(id: string): Promise<void> {
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const handle = client.workflow.getHandle(id);
      const description = await handle.describe().catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) throw new UsageError(`There is no run "${id}"`);
        throw error;
      });
      const { name } = description.status;
      console.log(`${id}: ${name.toLowerCase()}`);
      const address = uiAddress(stack, id);
      if (address) console.log(`Temporal UI: ${address}`);
      if (name !== 'RUNNING') return console.log(await outcome(handle, description.type));
      const progress = await queryProgress(client, id);
      if (progress === undefined)
        return console.log('No worker answers: "npx reft up" or "npx reft worker" lets the run go on.');
      const { baselineWorkflowId } = progress;
      const baseline = baselineWorkflowId ? await queryProgress(client, baselineWorkflowId) : undefined;
      if (progress.paused) console.log('Paused until the update "resume".');
      for (const reason of progress.waiting) console.log(`Waiting: ${reason}`);
      const display = createProgressDisplay(process.stdout);
      display.show(progress, baseline);
      display.close();
      if (progress.table) for (const row of progress.table) console.log(row.replaceAll('**', ''));
    }),
  );
}

/** The metrics of a finished run, or why there are none. */
async function outcome(handle: WorkflowHandle, type: string): Promise<string> {
  try {
    return summariseResult(type, await handle.result());
  } catch (error) {
    if (error instanceof WorkflowFailedError) return failureReason(error);
    throw error;
  }
}

/** Copies a run's report into the data directory and prints where it is. */
export function report(id: string): Promise<void> {
  return withStack(async (stack) => console.log(await saveReport(openStore(stack.s3), id)));
}
