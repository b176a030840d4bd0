/** `reft run`: a run from specification to result table, with servers and a worker for its duration where there are none. */
import { type Client, isGrpcServiceError, ServiceError, WorkflowFailedError } from '@temporalio/client';
import { resultLine, resultTable } from '../../activities/report/table.js';
import type { StackAccess } from '../../infra/stack.js';
import { abortOnInterrupt } from '../interruption.js';
import { openStore } from '../openStore.js';
import { uiAddress, withClient } from './connectClient.js';
import { failureReason } from './failureReason.js';
import { createProgressDisplay } from './progressDisplay.js';
import { type NamedInput, readSpecInput } from './readSpecInput.js';
import { requireDevice } from './requireDevice.js';
import { saveReport } from './saveReport.js';
import { createStandby, type Standby } from './standby.js';
import { startRun } from './startRun.js';
import { watchRun } from './watchRun.js';
import { withStack } from './withStack.js';

export interface RunOptions {
  readonly set?: readonly string[];
  readonly id?: string;
}

/** @returns the process's exit code: 0 when the run finished, 1 when it failed, 130 when interrupted */
export async function run(source: string, options: RunOptions): Promise<number> {
  const named = await readSpecInput(source, options.set ?? []);
  await requireDevice();
  const signal = abortOnInterrupt();
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const standby = createStandby(client, stack);
      try {
        await standby.serveIfNobodyDoes();
        return await follow(stack, client, standby, named, options, signal);
      } finally {
        await standby.stop();
      }
    }),
  );
}

async function follow(
  stack: StackAccess,
  client: Client,
  standby: Standby,
  named: NamedInput,
  options: RunOptions,
  signal: AbortSignal,
): Promise<number> {
  const { handle, resumed } = await startRun(client, named, options.id);
  console.log(`${resumed ? 'Going on with' : 'Started'} run ${handle.workflowId}`);
  const address = uiAddress(stack, handle.workflowId);
  if (address) console.log(`Temporal UI: ${address}`);

  const display = createProgressDisplay(process.stdout);
  const goOn = `To go on: npx reft run ${named.source} --id ${handle.workflowId}`;
  try {
    const result = await watchRun(client, handle, standby, display, signal).finally(() => display.close());
    if (result === undefined) {
      console.log(`\nInterrupted; the run is kept. ${goOn}`);
      return 130;
    }
    const report = await saveReport(openStore(stack.s3), result.runId);
    console.log(`\n${resultTable(result.figures)}\n\n${resultLine(result.figures)}`);
    if (address) console.log(`Temporal UI: ${address}`);
    console.log(`Report: ${report}`);
    return 0;
  } catch (error) {
    if (error instanceof WorkflowFailedError) console.error(`The run failed: ${failureReason(error)}`);
    else if (error instanceof ServiceError || isGrpcServiceError(error))
      console.error(`Lost Temporal at ${stack.temporal.address}; the run is kept. ${goOn}`);
    else throw error;
    return 1;
  }
}
