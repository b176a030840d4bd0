/**
 * `reft run` and `reft compare`: from specification to result table, with servers and a worker for its duration where there are
 * none.
 */
import { type Client, isGrpcServiceError, ServiceError, WorkflowFailedError } from '@temporalio/client';
import { readResult } from '../../activities/formats.js';
import type { Stack, StackAccess } from '../../infra/stack.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import { abortOnInterrupt } from '../interruption.js';
import { liveReportAddress } from '../live/address.js';
import { openStore } from '../openStore.js';
import { cacheBytes, engineCount, metricsAddress, tracesEndpoint } from '../settings.js';
import { failureReason, uiAddress, withClient, withReadyStack } from './access.js';
import { chooseRun, type Identity, type OpenRun, specificationOf } from './chooseRun.js';
import type { Kind } from './kinds.js';
import { createProgressDisplay } from './progressDisplay.js';
import { type NamedInput, readSpecInput } from './readSpecInput.js';
import { requireDevice } from './requireDevice.js';
import { saveReport } from './saveReport.js';
import { shellWords } from './shellWords.js';
import { createStandby, type Standby } from './standby.js';
import { watchRun } from './watchRun.js';

export interface RunOptions extends Identity {
  readonly set?: readonly string[];
}

/** @returns the process's exit code: 0 when the run finished, 1 when it failed, 130 when interrupted */
export async function run<Result extends object>(
  kind: Kind<Result>,
  source: string,
  { set = [], ...which }: RunOptions,
): Promise<number> {
  const named = await readSpecInput(source, set, kind);
  return followNew(kind, async () => named, which);
}

/**
 * Starts a workflow, or joins it, and follows it to its end.
 * @param describe what to start, which may depend on what the stack's storage holds
 */
export async function followNew<Result extends object>(
  kind: Kind<Result>,
  describe: (stack: StackAccess) => Promise<NamedInput>,
  which: Identity,
  onResult: OnResult<Result> = nothingMore,
): Promise<number> {
  metricsAddress();
  tracesEndpoint();
  engineCount();
  cacheBytes();
  await requireDevice();
  const interrupted = abortOnInterrupt();
  return withReadyStack((stack) =>
    withClient(stack, async (client) => {
      const signal = AbortSignal.any([interrupted, stack.closing]);
      const named = await describe(stack);
      const chosen = await chooseRun(client, kind.type, named, which);
      if (chosen.state === 'finished') return showFinished(stack, client, kind, chosen.workflowId, onResult);
      const standby = createStandby(client, stack);
      try {
        await standby.serveIfNobodyDoes();
        return await follow(stack, client, standby, kind, named, chosen, signal, onResult);
      } finally {
        await standby.stop();
      }
    }),
  );
}

/** What a command does with a result beside showing it. */
type OnResult<Result> = (stack: StackAccess, result: Result) => Promise<void>;

const nothingMore = async (): Promise<void> => undefined;

/** It is there already: nothing is done again. */
async function showFinished<Result extends object>(
  stack: Stack,
  client: Client,
  kind: Kind<Result>,
  id: string,
  onResult: OnResult<Result>,
): Promise<number> {
  console.log(
    `The ${kind.noun} ${id} is finished: nothing is left to do. Another --id starts anew, --replace in its place.`,
  );
  const handle = client.workflow.getHandle<() => Promise<Result>>(id);
  return showResult(stack, kind, await handle.result(), id, onResult);
}

/** Saves the report and prints the result: returns the exit code. */
export async function showResult<Result extends object>(
  stack: Stack,
  kind: Kind<Result>,
  found: Result,
  id: string,
  onResult: OnResult<Result> = nothingMore,
): Promise<number> {
  const result = readResult(kind.format, found);
  const report = await saveReport(openStore(stack.s3), kind.idOf(result));
  console.log(`\n${kind.present(result)}`);
  const address = uiAddress(stack, id);
  // A link that ends with this command would lead nowhere.
  if (address)
    console.log(`Temporal UI${(await stack.hasOtherUsers()) ? '' : ', while "npx reft up" runs'}: ${address}`);
  console.log(`Report: ${report}`);
  await onResult(stack, result);
  return kind.isWhole(result) ? 0 : 1;
}

async function follow<Result extends object>(
  stack: Stack,
  client: Client,
  standby: Standby,
  kind: Kind<Result>,
  { args, input, title, details }: NamedInput,
  { workflowId, state }: OpenRun,
  signal: AbortSignal,
  onResult: OnResult<Result>,
): Promise<number> {
  if (state !== 'under way')
    await client.workflow.start(kind.type, {
      workflowId,
      taskQueue: generalQueue,
      args: [input],
      memo: { specification: specificationOf(input) },
      staticSummary: title,
      staticDetails: details,
    });
  const handle = client.workflow.getHandle(workflowId);
  console.log(`${beginnings[state]} ${kind.noun} ${workflowId}`);
  const address = uiAddress(stack, workflowId);
  if (address) console.log(`Temporal UI: ${address}`);
  const live = await liveReportAddress(stack, workflowId);
  if (live) console.log(`Live report: ${live}`);

  const display = createProgressDisplay(process.stdout);
  const goOn = `To go on: npx reft ${shellWords([kind.command, ...args, '--id', workflowId])}`;
  try {
    const found = await watchRun<Result>(client, handle, standby, display, signal).finally(() => display.close());
    if (found === undefined) {
      console.log(`\nInterrupted; the ${kind.noun} is kept. ${goOn}`);
      return 130;
    }
    return await showResult(stack, kind, found, workflowId, onResult);
  } catch (error) {
    if (error instanceof WorkflowFailedError) console.error(`The ${kind.noun} failed: ${failureReason(error)}`);
    else if (error instanceof ServiceError || isGrpcServiceError(error))
      console.error(`Lost Temporal at ${stack.temporal.address}; the ${kind.noun} is kept. ${goOn}`);
    else throw error;
    return 1;
  }
}

const beginnings = { new: 'Started', 'under way': 'Going on with', ended: 'Started again:' } as const;
