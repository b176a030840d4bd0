/**
 * `npm run histories`: runs each method, a comparison, an evaluation and an annotation on the real parts, small and yet long enough to continue as
 * new, and keeps their histories under the version of package.json. Takes some minutes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { startStack } from '../../infra/stack.js';
import packageFile from '../../package.json' with { type: 'json' };
import { methodNames } from '../../workflows/config/methods.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import { setHyperparametersUpdate } from '../../workflows/monitoring/hyperparameters.js';
import { pauseUpdate, resumeUpdate, stopEarlyUpdate } from '../../workflows/monitoring/progress.js';
import { startChatServer } from '../activities/annotation/chatServer.js';
import { binDirectory } from '../support/stack.js';
import { startWorkerProcess } from '../support/workerProcess.js';
import { openHarness } from '../workflows/harness.js';
import { bytesOf, type RecordedExecution, type RecordedWorkflow, writeWorkflows } from './files.js';

/** After so many events the server suggests a new history; left to itself it does after thousands. */
const suggestedEvents = 60;

const rounds = { epochs: 2 };
const spec = {
  preset: 'smoke',
  sft: { epochs: 5 },
  offlineSelfTraining: { epochs: 5 },
  onlineSelfTraining: rounds,
  expertIteration: rounds,
  grpo: rounds,
  // A model of this size is hardly ever right, but some of its answers have a value.
  dapo: { ...rounds, samplesPerQuestion: 4, dynamicSampling: { signal: 'reward' } },
  gspo: rounds,
};

async function runAll(client: Client, bucket: string, endpoint: string): Promise<void> {
  const start = (type: string, input: unknown, workflowId = type): Promise<WorkflowHandle> =>
    client.workflow.start(type, { taskQueue: generalQueue, workflowId, args: [input] });
  const steered = await start('reft', spec, 'steered');
  await steered.executeUpdate(pauseUpdate);
  await steered.executeUpdate(setHyperparametersUpdate, { args: [{ learningRate: 3e-4 }] });
  await steered.executeUpdate(resumeUpdate);
  const stopped = await start('reft', { ...spec, seed: 1 }, 'stopped');
  await stopped.executeUpdate(stopEarlyUpdate);
  const methods = await Promise.all(
    methodNames.map((method) => start(method, { ...spec, sft: method === 'sft' ? spec.sft : null })),
  );
  const comparison = await start('compare', { run: { ...spec, seed: 2 }, methods: ['sft', 'reft'], seeds: [2, 3] });
  for (const handle of [steered, stopped, ...methods, comparison]) await handle.result();
  const evaluated = await start('evaluation', {
    model: { from: `s3://${bucket}/runs/steered/model` },
    data: { source: 'generated', docstring: false, train: 32, test: 64 },
    generation: { maxAnswerTokens: 24, questionsPerShard: 4 },
    samples: 2,
  });
  await evaluated.result();
  const annotated = await start('annotate', {
    data: { source: 'generated', cot: 'natural', train: 12, test: 4 },
    annotator: { kind: 'endpoint', url: endpoint, model: 'adder' },
    samples: 8,
    keep: { rule: 'shortest' },
  });
  await annotated.result();
}

/** Every workflow that has run, each with its executions in order. */
async function readAll(client: Client): Promise<RecordedWorkflow[]> {
  const ids = new Set<string>();
  for await (const { workflowId } of client.workflow.list()) ids.add(workflowId);
  return Promise.all(
    [...ids].sort().map(async (workflowId) => ({ workflowId, executions: await readExecutions(client, workflowId) })),
  );
}

async function readExecutions(client: Client, workflowId: string): Promise<RecordedExecution[]> {
  const found: { readonly startTime: Date; readonly runId: string }[] = [];
  for await (const execution of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) found.push(execution);
  found.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  return Promise.all(
    found.map(async ({ runId }) => {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      // Which machine it was is nobody's business.
      return JSON.parse(historyToJSON(history).replaceAll(hostname(), 'recorder'));
    }),
  );
}

const dataDirectory = await mkdtemp(join(tmpdir(), 'reft-histories-'));
const harness = await openHarness([
  '--dynamic-config-value',
  `limit.historyCount.suggestContinueAsNew=${suggestedEvents}`,
]);
const { address, client } = harness.environment;
const stack = await startStack({ dataDirectory, binDirectory, environment: { TEMPORAL_ADDRESS: address } });
const worker = await startWorkerProcess(stack);
const endpoint = await startChatServer();
try {
  await runAll(client, stack.s3.bucket, endpoint.url);
  const workflows = await readAll(client);
  writeWorkflows(packageFile.version, workflows);
  for (const { workflowId, executions } of workflows) console.log(`${workflowId}: ${executions.length} executions`);
  console.log(`${packageFile.version}: ${workflows.length} workflows, ${bytesOf(packageFile.version)} bytes`);
} finally {
  await worker.kill();
  await endpoint.close();
  await stack.stop();
  await harness.close();
  await rm(dataDirectory, { recursive: true, force: true });
}
