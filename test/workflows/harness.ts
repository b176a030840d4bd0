/** A real Temporal server with the project's workflows and stand-in activities, for tests of the workflows. */
import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, type WorkflowBundle } from '@temporalio/worker';
import type { ActivitySet } from '../../activities/index.js';
import { bundleWorkflows } from '../../workers/bundleWorkflows.js';
import { createWorkers, runWorkers } from '../../workers/createWorkers.js';
import { type QueueName, queueNames } from '../../workers/names.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import type { compare, evaluation, reft, training } from '../../workflows/index.js';
import { findTemporal } from '../support/temporalCommand.js';

// Tests end workers and fail activities on purpose: no need to read of it.
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

export interface Harness {
  readonly environment: TestWorkflowEnvironment;
  /**
   * Starts workers in this process; `stop` ends them as SIGTERM would.
   * @param change of the bundled workflow code: another version of it
   */
  startWorkers(
    activities: ActivitySet,
    queues?: readonly QueueName[],
    engines?: number,
    buildId?: string,
    change?: (code: string) => string,
  ): Promise<{ stop(): Promise<void> }>;
  start<W extends typeof reft | typeof training | typeof compare | typeof evaluation>(
    type: string,
    workflowId: string,
    ...inputs: readonly unknown[]
  ): Promise<WorkflowHandleWithFirstExecutionRunId<W>>;
  close(): Promise<void>;
}

/** @param serverArguments more arguments for `temporal server start-dev` */
export async function openHarness(serverArguments: readonly string[] = []): Promise<Harness> {
  const [environment, workflowBundle]: [TestWorkflowEnvironment, WorkflowBundle] = await Promise.all([
    TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: await findTemporal() },
        searchAttributes: [
          defineSearchAttributeKey('ReftPhase', 'KEYWORD'),
          defineSearchAttributeKey('ReftRound', 'INT'),
          defineSearchAttributeKey('ReftAccuracy', 'DOUBLE'),
        ],
        extraArgs: [...serverArguments],
      },
    }),
    bundleWorkflows(),
  ]);
  const { nativeConnection: connection, client } = environment;

  return {
    environment,
    async startWorkers(activities, queues = queueNames, engines = 1, buildId, change = (code) => code) {
      const build = buildId === undefined ? {} : { buildId };
      const bundle = { ...workflowBundle, code: change(workflowBundle.code) };
      const served = { connection, namespace: 'default', queues, activities, engines };
      const options = { ...served, workflowBundle: bundle, ...build };
      const workers = await createWorkers(options);
      const running = runWorkers(workers);
      return {
        async stop() {
          for (const worker of workers) worker.shutdown();
          await running;
        },
      };
    },
    start: (type, workflowId, ...inputs) =>
      client.workflow.start(type, { workflowId, taskQueue: generalQueue, args: [...inputs] as never }),
    close: () => environment.teardown(),
  };
}

/** The Markdown that Temporal's UI shows as current details. */
export async function detailsOf(handle: WorkflowHandle): Promise<string> {
  const metadata = await handle.query<{ readonly currentDetails: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails;
}
