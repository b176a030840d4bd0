/**
 * A run of the real parts while garbage is collected over and over, with hardly any grace. Every step begins without local copies, so
 * all that it reads has to be in S3; it ends in the checkpoint of an undisturbed run, and can be gone back to and branched from
 * where its rule says.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, type EngineClient } from '../../activities/engine/process/engineClient.js';
import { type ActivitySet, createActivities } from '../../activities/index.js';
import { required } from '../../activities/invariant.js';
import { neededNow } from '../../activities/neededNow.js';
import { type Collected, collect } from '../../activities/retention/collect.js';
import { createSandboxPool, type SandboxPool } from '../../activities/rewards/sandbox/pool.js';
import { openUpkeep } from '../../activities/store/s3/upkeep.js';
import { createStore } from '../../activities/store/store.js';
import { bundleWorkflows } from '../../workers/bundleWorkflows.js';
import { resetTo } from '../../workers/command/reset.js';
import { createWorkers, runWorkers } from '../../workers/createWorkers.js';
import { queueNames } from '../../workers/names.js';
import type { RunResult } from '../../workflows/runState.js';
import { startTestStack, type TestStack } from '../support/stack.js';

/** Four rounds. */
const spec = {
  preset: 'smoke',
  sft: null,
  rewardModel: null,
  evaluation: { samplesPerQuestion: 0 },
  retention: { last: 1, everyRounds: 2, rolloutDays: 0 },
};
const graceMs = 2_000;

let stack: TestStack;
let directory: string;
let engine: EngineClient;
let sandbox: SandboxPool;
let client: Client;
let native: NativeConnection;
let stopWorkers: () => Promise<void>;

const log = (): void => undefined;
/** Whatever is there already is written again, as it would be after a quarter of an hour. */
const storeIn = (folder: string) =>
  createStore({ ...stack.s3, cacheDirectory: join(directory, folder), cacheBytes: 2 ** 30, freshMs: 0 });

/** Each call has a store of its own, whose local copies go with it. */
function forgetful(): ActivitySet {
  let calls = 0;
  const activitiesIn = (folder: string): ActivitySet =>
    createActivities({
      store: storeIn(folder),
      upkeep: openUpkeep(stack.s3),
      engine,
      sandbox,
      environment: process.env,
      workDirectory: join(directory, folder, 'work'),
      downloadDirectory: join(directory, folder, 'downloads'),
      hub: {},
      dataDirectory: undefined,
    });
  type Activity = (input: unknown) => Promise<unknown>;
  const wrapped = (queue: 'engine' | 'general') =>
    Object.fromEntries(
      Object.keys(activitiesIn('none')[queue]).map((name) => [
        name,
        async (input: unknown) => {
          const folder = `call-${calls++}`;
          const activity = required(
            Object.entries(activitiesIn(folder)[queue]).find(([one]) => one === name),
            name,
          )[1];
          return (activity as Activity)(input).finally(() =>
            rm(join(directory, folder), { recursive: true, force: true }),
          );
        },
      ]),
    );
  return { engine: wrapped('engine'), general: wrapped('general') } as unknown as ActivitySet;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-garbage-'));
  const [started, workflowBundle] = await Promise.all([startTestStack(), bundleWorkflows()]);
  stack = started;
  const { address, namespace } = stack.temporal;
  native = await NativeConnection.connect({ address });
  client = new Client({ connection: await Connection.connect({ address }) });
  engine = createEngine(process.env, log, 4);
  sandbox = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256, log });
  const workers = await createWorkers({
    ...{ connection: native, namespace, queues: queueNames, activities: forgetful(), engines: 1, workflowBundle },
  });
  const running = runWorkers(workers);
  stopWorkers = async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  };
});
afterAll(async () => {
  await stopWorkers?.();
  await Promise.all([engine?.close(), sandbox?.close(), client?.connection.close()]);
  await native?.close();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
});

const start = (workflowId: string, others: object = {}) =>
  client.workflow.start('reft', { taskQueue: 'reft', workflowId, args: [{ ...spec, ...others }] });
const resultOf = async (workflowId: string, others: object = {}): Promise<RunResult> =>
  (await start(workflowId, others)).result();

const collectOnce = (isDryRun = false): Promise<Collected> =>
  collect({
    ...{ store: storeIn('collector'), upkeep: openUpkeep(stack.s3), graceMs, isDryRun },
    neededNow: () => neededNow(client),
  });

/** Does `work` while garbage is collected again and again. */
async function whileCollecting<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly removed: number; readonly times: number }> {
  let [removed, times, over] = [0, 0, false];
  const collecting = (async () => {
    while (!over) {
      removed += (await collectOnce()).removed.objects;
      times += 1;
    }
  })();
  const value = await work().finally(() => {
    over = true;
  });
  await collecting;
  return { value, removed, times };
}

it('nothing that a run needs is ever collected, and what it needs no more is', async () => {
  const calm = await resultOf('calm');
  const { value, removed, times } = await whileCollecting(async () => {
    const collected = await resultOf('collected');
    const back = await resetTo(client, storeIn('reset'), 'collected', 2).then(() =>
      client.workflow.getHandle('collected').result(),
    );
    const branch = await resultOf('branch', { startFrom: { run: 'collected', round: 2 } });
    return { collected, back: back as RunResult, branch };
  });
  expect(value.collected.checkpoint).toEqual(calm.checkpoint);
  expect(value.back.checkpoint).toEqual(calm.checkpoint);
  expect(value.branch.checkpoint.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(times).toBeGreaterThan(3);
  expect(removed).toBeGreaterThan(10);

  // What is left is what the rule says, and a further collection would find nothing once the grace is over.
  await expect.poll(async () => (await collectOnce()).removed.objects, { timeout: 60_000, interval: 1_000 }).toBe(0);
  const failure = await resultOf('refused', { startFrom: { run: 'collected', round: 1 } }).then(
    () => undefined,
    (error: WorkflowFailedError) => rootCause(error.cause),
  );
  expect(failure).toMatch(
    /^Invalid run specification: startFrom\.round: got 1, allowed: 0, 2.*4, the rounds of run "collected" that are done and kept/,
  );
  await expect(resetTo(client, storeIn('reset'), 'collected', 1)).rejects.toThrow(
    /cannot go back to round 1: allowed: 0, 2.*which are done and kept/,
  );
}, 500_000);

it('pass rates stay, and the questions chosen by them, while a run goes on and after it', async () => {
  const others = { difficulty: { samplesPerQuestion: 2, min: 0, max: 1, order: 'easy-first' } };
  const { value } = await whileCollecting(() => resultOf('measured', others));
  await expect.poll(async () => (await collectOnce()).removed.objects, { timeout: 60_000, interval: 1_000 }).toBe(0);
  const { passRates, train } = required(value.difficulty, 'the chosen questions');
  expect(await storeIn('reader').getLines(passRates)).toHaveLength(32);
  expect(await storeIn('reader').getLines(train)).toHaveLength(32);
}, 200_000);
