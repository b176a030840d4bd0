/**
 * `reft run` and `reft compare`: from specification to result table, with servers and a worker for its duration where there are
 * none.
 */
import { type Client, isGrpcServiceError, ServiceError, WorkflowFailedError } from '@temporalio/client';
import type { StackAccess } from '../../infra/stack.js';
import { abortOnInterrupt } from '../interruption.js';
import { openStore } from '../openStore.js';
import { engineCount, metricsAddress } from '../settings.js';
import { failureReason, uiAddress, withClient, withStack } from './access.js';
import type { Kind } from './kinds.js';
import { createProgressDisplay } from './progressDisplay.js';
import { type NamedInput, readSpecInput } from './readSpecInput.js';
import { requireDevice } from './requireDevice.js';
import { saveReport } from './saveReport.js';
import { createStandby, type Standby } from './standby.js';
import { startRun } from './startRun.js';
import { watchRun } from './watchRun.js';

export interface RunOptions {
  readonly set?: readonly string[];
  readonly id?: string;
}

/** @returns the process's exit code: 0 when the run finished, 1 when it failed, 130 when interrupted */
export async function run<Result>(kind: Kind<Result>, source: string, { set = [], id }: RunOptions): Promise<number> {
  const named = await readSpecInput(source, set, kind);
  return followNew(kind, async () => named, id);
}

/**
 * Starts a workflow, or joins it, and follows it to its end.
 * @param describe what to start, which may depend on what the stack's storage holds
 */
export async function followNew<Result>(
  kind: Kind<Result>,
  describe: (stack: StackAccess) => Promise<NamedInput>,
  id?: string,
): Promise<number> {
  metricsAddress();
  engineCount();
  await requireDevice();
  const signal = abortOnInterrupt();
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const named = await describe(stack);
      const standby = createStandby(client, stack);
      try {
        await standby.serveIfNobodyDoes();
        return await follow(stack, client, standby, kind, named, id, signal);
      } finally {
        await standby.stop();
      }
    }),
  );
}

async function follow<Result>(
  stack: StackAccess,
  client: Client,
  standby: Standby,
  kind: Kind<Result>,
  named: NamedInput,
  id: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  const { handle, resumed } = await startRun(client, kind.type, named, id);
  console.log(`${resumed ? 'Going on with' : 'Started'} ${kind.noun} ${handle.workflowId}`);
  const address = uiAddress(stack, handle.workflowId);
  if (address) console.log(`Temporal UI: ${address}`);

  const display = createProgressDisplay(process.stdout);
  const goOn = `To go on: npx reft ${kind.command} ${named.source} --id ${handle.workflowId}`;
  try {
    const result = await watchRun<Result>(client, handle, standby, display, signal).finally(() => display.close());
    if (result === undefined) {
      console.log(`\nInterrupted; the ${kind.noun} is kept. ${goOn}`);
      return 130;
    }
    const report = await saveReport(openStore(stack.s3), kind.idOf(result));
    console.log(`\n${kind.present(result)}`);
    if (address) console.log(`Temporal UI: ${address}`);
    console.log(`Report: ${report}`);
    return kind.isWhole(result) ? 0 : 1;
  } catch (error) {
    if (error instanceof WorkflowFailedError) console.error(`The ${kind.noun} failed: ${failureReason(error)}`);
    else if (error instanceof ServiceError || isGrpcServiceError(error))
      console.error(`Lost Temporal at ${stack.temporal.address}; the ${kind.noun} is kept. ${goOn}`);
    else throw error;
    return 1;
  }
}
