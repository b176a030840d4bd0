/** What runs of every version handed on to their next execution is taken up by today's code; what later code hands on, waits for it. */
import { fileURLToPath } from 'node:url';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import { type Harness, openHarness } from '../workflows/harness.js';
import { createStandIns } from '../workflows/standIns.js';
import { type RecordedWorkflow, readWorkflows, recordedVersions } from './files.js';

const handOnQueue = 'hand-on';

let harness: Harness;
let stop: () => Promise<void>;
let stopHandingOn: () => Promise<void>;

beforeAll(async () => {
  harness = await openHarness();
  ({ stop } = await harness.startWorkers(createStandIns(), undefined, 4));
  const worker = await Worker.create({
    connection: harness.environment.nativeConnection,
    taskQueue: handOnQueue,
    workflowsPath: fileURLToPath(new URL('handOn.ts', import.meta.url)),
  });
  const running = worker.run();
  stopHandingOn = async () => {
    worker.shutdown();
    await running;
  };
});
afterAll(async () => {
  await stopHandingOn();
  await stop();
  await harness.close();
});

interface Start {
  readonly type: string;
  readonly args: readonly unknown[];
}

/** How the last execution of a workflow was started. */
function lastStart({ workflowId, executions }: RecordedWorkflow): Start {
  const { events } = historyFromJSON(executions.at(-1));
  const { workflowType, input } = required(
    events?.[0]?.workflowExecutionStartedEventAttributes,
    `the start of ${workflowId}`,
  );
  return {
    type: required(workflowType?.name ?? undefined, 'a workflow type'),
    args: (input?.payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload)),
  };
}

const start = ({ type, args }: Start, workflowId: string) =>
  harness.environment.client.workflow.start('handOn', { taskQueue: handOnQueue, workflowId, args: [type, args] });

describe('what runs hand on', () => {
  it.each(recordedVersions())('is taken up by today’s code where version %s handed it on', async (version) => {
    const continued = readWorkflows(version).filter(({ executions }) => executions.length > 1);
    const runs = continued.map((workflow) => ({ workflow, ...lastStart(workflow) }));
    expect(runs.every(({ args }) => args.length === 2)).toBe(true);
    await Promise.all(
      runs.map(async ({ workflow: { workflowId }, ...how }) => {
        const result = await (await start(how, `${version}-${workflowId}`)).result();
        expect(result, workflowId).toBeDefined();
      }),
    );
  });

  it.each([
    ['reft', 'the state of a run'],
    ['grpo', 'the state of a run'],
    ['sft-sft', 'the state of a training'],
    ['compare', 'the state of a comparison'],
    ['evaluation', 'the state of an evaluation'],
    ['annotate', 'the state of an annotation'],
  ])('is refused by name where later code has handed it on: %s', async (workflowId, form) => {
    const [version = ''] = recordedVersions().slice(-1);
    const recorded = readWorkflows(version).find((workflow) => workflow.workflowId === workflowId);
    const { type, args } = lastStart(required(recorded, workflowId));
    const [input, carried] = args;
    const id = `later-${workflowId}`;
    const handle = await start({ type, args: [input, { ...(carried as object), version: 99 }] }, id);
    // The run waits for the code that can read it: nothing is lost.
    const failure = await taskFailure(id);
    expect(failure).toContain(`What ${id} handed on is ${form} of version 99; this ReFT knows`);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    await handle.terminate();
  });
});

/** The message of the first workflow task that failed. */
async function taskFailure(workflowId: string): Promise<string> {
  for (;;) {
    const { events } = await harness.environment.client.workflow.getHandle(workflowId).fetchHistory();
    for (const { workflowTaskFailedEventAttributes: failed } of events ?? [])
      if (failed?.failure?.message) return failed.failure.message;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
