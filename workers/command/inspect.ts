/** `reft status` and `reft report`: what has become of a run. */
import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { engineQueue, generalQueue } from '../../workflows/config/taskQueues.js';
import { whenMended } from '../../workflows/monitoring/progress.js';
import { liveReportAddress } from '../live/address.js';
import { openStore } from '../openStore.js';
import { askProgress, describeRun, failureReason, queryProgress, uiAddress, withClient, withStack } from './access.js';
import { summariseResult } from './kinds.js';
import { createProgressDisplay } from './progressDisplay.js';
import { saveReport } from './saveReport.js';
import { unservedQueues } from './standby.js';
import { codeTrouble, findTroubles, underWayOf } from './troubles.js';

/** Prints a run's state: its progress while it runs, its result afterwards. */
export function status(id: string, { json = false }: { readonly json?: boolean } = {}): Promise<void> {
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const handle = client.workflow.getHandle(id);
      const description = await describeRun(client, id);
      const { name } = description.status;
      const live = await liveReportAddress(stack, id);
      const links = { ui: uiAddress(stack, id), live };
      if (json) return console.log(JSON.stringify(await stateOf(client, description, links), null, 2));
      console.log(`${id}: ${name.toLowerCase()}`);
      if (links.ui) console.log(`Temporal UI: ${links.ui}`);
      if (live) console.log(`${name === 'RUNNING' ? 'Live report' : 'Report'}: ${live}`);
      if (name !== 'RUNNING') return console.log(await outcome(handle, description.type));
      const troubles = await allTroubles(client, description);
      for (const trouble of troubles) console.log(`Trouble: ${trouble}`);
      const progress = await askProgress(client, id);
      if (typeof progress === 'string') {
        // Where its code fails, the workers that fail it are there.
        if ((await codeTrouble(client, description)) === undefined) console.log(progress);
        return;
      }
      const { baselineWorkflowId } = progress;
      const baseline = baselineWorkflowId ? await queryProgress(client, baselineWorkflowId) : undefined;
      if (progress.paused) console.log('Paused until the update "resume".');
      for (const sentence of progress.notObeyed ?? []) console.log(`Warning, ${sentence}`);
      for (const reason of progress.waiting) console.log(`Waiting: ${reason} (${whenMended})`);
      const display = createProgressDisplay(process.stdout);
      display.show(progress, baseline);
      display.close();
      const underWay = await underWayOf(client, description);
      if (underWay) console.log(`Under way: ${underWay}`);
      if (progress.table) for (const row of progress.table) console.log(row.replaceAll('**', ''));
    }),
  );
}

/** The same for programs. */
async function stateOf(
  client: Client,
  description: WorkflowExecutionDescription,
  links: { readonly ui: string | undefined; readonly live: string | undefined },
): Promise<object> {
  const { workflowId: id, type, status } = description;
  const known = { id, type, state: status.name.toLowerCase(), ...links };
  if (status.name === 'RUNNING') {
    const [troubles, progress] = [await allTroubles(client, description), await askProgress(client, id)];
    return { ...known, troubles, ...(typeof progress === 'string' ? { unanswered: progress } : { progress }) };
  }
  try {
    return { ...known, result: await client.workflow.getHandle(id).result() };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { ...known, failure: failureReason(error) };
    throw error;
  }
}

async function allTroubles(client: Client, description: WorkflowExecutionDescription): Promise<readonly string[]> {
  return [...(await queueTroubles(client, description)), ...(await findTroubles(client, description))];
}

/** Task queues of the run that nobody serves, with what serves them. */
async function queueTroubles(client: Client, { taskQueue }: WorkflowExecutionDescription): Promise<readonly string[]> {
  return (await unservedQueues(client, [taskQueue, engineQueue])).map((queue) => {
    if (queue === engineQueue) return `no worker polls queue ${queue}; start one with "npx reft worker --queue engine"`;
    if (queue === generalQueue) return `no worker polls queue ${queue}; start one with "npx reft worker"`;
    return `no worker polls queue ${queue}, on which it was started; ours poll ${generalQueue}: cancel it and start it there`;
  });
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
