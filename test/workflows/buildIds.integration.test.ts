/** Workers of two builds on a real Temporal server: who serves which run, and where a run changes over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../activities/invariant.js';
import { resetTo } from '../../workers/command/reset.js';
import { deploymentName } from '../../workers/createWorkers.js';
import type { reft } from '../../workflows/index.js';
import { createMemoryStore } from '../activities/data/memoryStore.js';
import { type Harness, openHarness } from './harness.js';
import { createStandIns, gate, type StandInOptions } from './standIns.js';

let harness: Harness;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});

async function serve(buildId: string | undefined, options?: StandInOptions) {
  return (await serveUntilStopped(buildId, options)).standIns;
}

async function serveUntilStopped(buildId: string | undefined, options?: StandInOptions) {
  const standIns = createStandIns(options);
  const { stop } = await harness.startWorkers(standIns, undefined, 2, buildId);
  stops.push(once(stop));
  return { standIns, stop: at(stops, -1) };
}

function once(stop: () => Promise<void>): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= stop();
    return stopped;
  };
}

/** As the command of workers/VERSIONS.md: tried until the server has heard of the build. */
async function untilKnown(change: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++)
    try {
      await change();
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
}

/** Until every task queue has heard of the change: the server tells them after it has answered. */
async function untilSpread(): Promise<void> {
  const inProgress = temporal.api.enums.v1.RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS;
  for (;;) {
    const { workerDeploymentInfo } = await harness.environment.client.workflowService.describeWorkerDeployment({
      namespace: 'default',
      deploymentName,
    });
    if (workerDeploymentInfo?.routingConfigUpdateState !== inProgress) return;
    await sleep(100);
  }
}

/** The empty id stands for workers without one. */
async function makeCurrent(buildId: string): Promise<void> {
  await untilKnown(() =>
    harness.environment.client.workflowService.setWorkerDeploymentCurrentVersion({
      namespace: 'default',
      deploymentName,
      buildId,
      identity: 'test',
    }),
  );
  await untilSpread();
}

async function ramp(buildId: string, percentage: number): Promise<void> {
  await untilKnown(() =>
    harness.environment.client.workflowService.setWorkerDeploymentRampingVersion({
      namespace: 'default',
      deploymentName,
      buildId,
      percentage,
      identity: 'test',
    }),
  );
  await untilSpread();
}

/** The builds that have served a workflow, one after the other, by the histories of all its executions. */
async function buildsOf(handle: WorkflowHandle): Promise<readonly string[]> {
  const { client } = harness.environment;
  const executions: { readonly startTime: Date; readonly runId: string }[] = [];
  for (;;) {
    for await (const one of client.workflow.list({ query: `WorkflowId = '${handle.workflowId}'` }))
      executions.push(one);
    // The list may lag behind.
    const { runId } = await client.workflow.getHandle(handle.workflowId).describe();
    if (executions.some((one) => one.runId === runId)) break;
    executions.length = 0;
    await sleep(100);
  }
  executions.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  const builds: string[] = [];
  for (const { runId } of executions) {
    const { events } = await client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
    for (const { workflowTaskCompletedEventAttributes: completed } of events ?? []) {
      const build = completed?.deploymentVersion?.buildId;
      if (build && builds.at(-1) !== build) builds.push(build);
    }
  }
  return builds;
}

const spec = { preset: 'smoke', rewardModel: null, evaluation: { samplesPerQuestion: 0 } };
const start = (workflowId: string) => harness.start<typeof reft>('reft', workflowId, spec);
/** Holds back the first update of a run. */
const heldUpdate = () => gate(({ name }) => name === 'updatePolicy');

describe('workers with build ids', () => {
  it('serve the runs that they began up to a safe point; from there the current build does', async () => {
    const held = heldUpdate();
    const one = await serve('one', held);
    await makeCurrent('one');
    const before = await start('before');
    await held.reached;

    const two = await serve('two');
    await makeCurrent('two');
    const after = await start('after');
    const calm = await after.result();
    expect(await buildsOf(after)).toEqual(['two']);
    // The run that is under way stays where it is, its baseline as well.
    expect(two.inputsOf('updatePolicy')).toHaveLength(4);
    expect(await buildsOf(before)).toEqual(['one']);

    held.open();
    const moved = await before.result();
    expect(await buildsOf(before)).toEqual(['one', 'two']);
    expect(moved.checkpoint.sha256).toBe(calm.checkpoint.sha256);
    expect([one.inputsOf('updatePolicy').length, two.inputsOf('updatePolicy').length]).toEqual([1, 7]);
    // The baseline ends where it began.
    expect(await buildsOf(harness.environment.client.workflow.getHandle('before-sft'))).toEqual(['one']);
  });

  it('serve what a reset goes back to where it was begun; from the next safe point the current build does', async () => {
    const held = heldUpdate();
    const { stop, standIns: first } = await serveUntilStopped('seven', held);
    await makeCurrent('seven');
    const run = await start('reset');
    await held.reached;
    await serve('eight');
    await makeCurrent('eight');
    held.open();
    const { checkpoint } = await run.result();
    expect(await buildsOf(run)).toEqual(['seven', 'eight']);
    await stop();

    const { client } = harness.environment;
    await resetTo(client, createMemoryStore(), 'reset', 0);
    const again = client.workflow.getHandle<typeof reft>('reset');
    // Nobody else may do steps whose order seven alone knows: it waits, and loses nothing.
    await sleep(2_000);
    expect((await again.describe()).status.name).toBe('RUNNING');
    const before = first.inputsOf('updatePolicy').length;
    const { standIns: second } = await serveUntilStopped('seven');
    expect((await again.result()).checkpoint.sha256).toBe(checkpoint.sha256);
    expect((await buildsOf(again)).slice(-2)).toEqual(['seven', 'eight']);
    // The round's beginning is a safe point.
    expect([before, second.inputsOf('updatePolicy').length]).toEqual([1, 0]);
  });

  it('are rolled back: runs change over to the earlier build in the same way', async () => {
    const held = heldUpdate();
    await serve('three', held);
    await makeCurrent('three');
    const run = await start('rolled-back');
    await held.reached;
    await serve('two');
    await makeCurrent('two');
    held.open();
    await run.result();
    expect(await buildsOf(run)).toEqual(['three', 'two']);
  });

  it('take over runs that were begun without, and hand them over to workers without', async () => {
    await makeCurrent('');
    const held = heldUpdate();
    const without = await serve(undefined, held);
    const run = await start('joins');
    await held.reached;
    const five = await serve('five');
    await makeCurrent('five');
    held.open();
    await run.result();
    expect(await buildsOf(run)).toEqual(['five']);
    expect(five.inputsOf('updatePolicy').length).toBeGreaterThan(0);

    const heldAgain = heldUpdate();
    await serve('six', heldAgain);
    await makeCurrent('six');
    const leaving = await start('leaves');
    await heldAgain.reached;
    const before = without.inputsOf('updatePolicy').length;
    await makeCurrent('');
    heldAgain.open();
    await leaving.result();
    expect(await buildsOf(leaving)).toEqual(['six']);
    expect(without.inputsOf('updatePolicy').length - before).toBe(3);
  });

  it('take a share of new runs while they are ramped up', async () => {
    await serve('two');
    await makeCurrent('two');
    await serve('four');
    await ramp('four', 100);
    const ramped = await start('ramped');
    await ramped.result();
    expect(await buildsOf(ramped)).toEqual(['four']);
    await ramp('four', 0);
    const unramped = await start('unramped');
    await unramped.result();
    expect(await buildsOf(unramped)).toEqual(['two']);
  });
});
