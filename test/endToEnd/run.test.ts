/** A whole run on the real parts: Temporal's server and CLI, an S3 server, the engine, the Python sandbox. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WorkflowFailedError } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../activities/engine/weights/safetensors.js';
import type { PretrainedModel } from '../../activities/pretrained/source.js';
import { type CheckpointManifest, readCheckpoint } from '../../activities/store/checkpoint.js';
import type { TrainSupervisedInput } from '../../activities/trainSupervised.js';
import { openStore } from '../../workers/openStore.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import type { RunResult } from '../../workflows/runState.js';
import { findTemporal } from '../support/temporalCommand.js';
import { useRealParts } from './realParts.js';

const parts = useRealParts();

/** `temporal workflow start …`, as the README says it. */
async function startWithCli(type: string, id: string, input: unknown): Promise<void> {
  const start = ['workflow', 'start', '--address', parts.stack.temporal.address, '--task-queue', 'reft'];
  await promisify(execFile)(await findTemporal(), [
    ...start,
    '--type',
    type,
    '--workflow-id',
    id,
    '--input',
    JSON.stringify(input),
  ]);
}

/** The innermost message of why a workflow failed. */
async function failure(workflowId: string): Promise<string> {
  const error = await parts.client.workflow
    .getHandle(workflowId)
    .result()
    .catch((reason: unknown) => reason);
  if (!(error instanceof WorkflowFailedError)) throw new Error(`${workflowId} did not fail`);
  return rootCause(error.cause) ?? '';
}

describe('a run started with the Temporal CLI', () => {
  let result: RunResult;

  beforeAll(async () => {
    await startWithCli('reft', 'w1', { preset: 'smoke' });
    result = await parts.client.workflow.getHandle('w1').result();
  }, 180_000);

  it('gives every metric of the table', () => {
    expect(Object.keys(result.accuracy).sort()).toEqual(
      ['reranking', 'sft', 'top1', 'upperBound', 'voting', 'warmUp'].sort(),
    );
    for (const percent of Object.values(result.accuracy)) {
      expect(percent).toBeGreaterThanOrEqual(0);
      expect(percent).toBeLessThanOrEqual(100);
    }
    expect(result.checkpoint.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('leaves model, report, result and samples in S3', async () => {
    const store = openStore(parts.stack.s3);
    const read = async (name: string): Promise<string> => {
      const bytes = await store.read(`runs/w1/${name}`);
      expect(bytes, name).not.toBeNull();
      return Buffer.from(bytes ?? []).toString('utf8');
    };
    expect(JSON.parse(await read('model/config.json')).architectures).toEqual(['LlamaForCausalLM']);
    expect(JSON.parse(await read('model/tokenizer.json')).model.type).toBe('WordLevel');
    expect((await read('model/model.safetensors')).length).toBeGreaterThan(1_000);
    expect(await read('report.html')).toContain('<svg');
    const published = JSON.parse(await read('result.json'));
    expect(JSON.stringify(published)).toContain(result.checkpoint.sha256);
    const samples = (await read('samples.jsonl')).trim().split('\n');
    expect(samples.length).toBeGreaterThanOrEqual(16);
  });

  it('answers the progress query and carries search attributes', async () => {
    const handle = parts.client.workflow.getHandle('w1');
    const progress = await handle.query<Progress>('progress');
    expect(progress.phase).toBe('finished');
    expect(progress.phases.map(({ phase }) => phase)).toContain('ppo');
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes.ReftPhase).toEqual(['finished']);
    expect(searchAttributes.ReftAccuracy?.[0]).toBeTypeOf('number');
  });
});

/** What a workflow asked its activities of one type, and what they answered, in the order in which they were asked. */
async function activitiesOf(workflowId: string, type: string) {
  const { events } = await parts.client.workflow.getHandle(workflowId).fetchHistory();
  const read = (payload: { readonly data?: Uint8Array | null } | undefined): unknown =>
    JSON.parse(Buffer.from(payload?.data ?? []).toString());
  const scheduled = (events ?? []).filter(
    ({ activityTaskScheduledEventAttributes: attributes }) => attributes?.activityType?.name === type,
  );
  return scheduled.map(({ eventId, activityTaskScheduledEventAttributes: asked }) => {
    const done = (events ?? []).find(
      ({ activityTaskCompletedEventAttributes: completed }) =>
        completed && String(completed.scheduledEventId) === String(eventId),
    );
    return {
      input: read(asked?.input?.payloads?.[0]),
      result: read(done?.activityTaskCompletedEventAttributes?.result?.payloads?.[0]),
    };
  });
}

/**
 * Holds the weights that a run's first step of training begins with against those that an earlier run published.
 * @returns the manifest of the checkpoint
 */
async function expectToStartFrom(workflowId: string, model: string): Promise<CheckpointManifest> {
  const [imported] = await activitiesOf(workflowId, 'importModel');
  const [first] = await activitiesOf(workflowId, 'trainSupervised');
  if (!imported || !first) throw new Error(`${workflowId} did not import and train a model`);
  const { checkpoint } = imported.result as PretrainedModel;
  const { checkpoint: trained } = first.input as TrainSupervisedInput;
  expect(trained).toEqual(checkpoint);
  expect(checkpoint.step).toBe(0);
  const store = openStore(parts.stack.s3);
  const { files, manifest } = await readCheckpoint(store, checkpoint, { moments: false });
  const folder = await mkdtemp(join(tmpdir(), 'reft-published-'));
  await store.saveTo(`${model}/model.safetensors`, join(folder, 'model.safetensors'));
  const { tensors: published } = await readSafetensors(join(folder, 'model.safetensors'));
  const { tensors } = await readSafetensors(files.parameters);
  expect([...tensors.keys()].sort()).toEqual([...published.keys()].sort());
  for (const [name, tensor] of published) expect(tensors.get(name), name).toEqual(tensor);
  await rm(folder, { recursive: true });
  return manifest;
}

describe('a run from the model of an earlier one', () => {
  it('has its tokenizer, and goes on from its weights', async () => {
    const from = `s3://${parts.stack.s3.bucket}/runs/w1/model`;
    await startWithCli('reft', 'w2', { preset: 'smoke', model: { from }, sft: null, rewardModel: null });
    const result: RunResult = await parts.client.workflow.getHandle('w2').result();
    expect(result.accuracy.top1).toBeTypeOf('number');
    expect(await expectToStartFrom('w2', 'runs/w1/model')).not.toHaveProperty('adapters');
    const store = openStore(parts.stack.s3);
    for (const file of ['tokenizer.json', 'tokenizer_config.json', 'config.json'])
      expect(await store.read(`runs/w2/model/${file}`)).toEqual(await store.read(`runs/w1/model/${file}`));
  }, 120_000);

  it('trains adapters on it', async () => {
    const from = `s3://${parts.stack.s3.bucket}/runs/w1/model`;
    const lora = { rank: 4, alpha: 8 };
    await startWithCli('reft', 'w4', { preset: 'smoke', model: { from }, lora, sft: null, rewardModel: null });
    const result: RunResult = await parts.client.workflow.getHandle('w4').result();
    const start = await expectToStartFrom('w4', 'runs/w1/model');
    expect(start.adapters?.lora).toMatchObject(lora);
    const store = openStore(parts.stack.s3);
    const last = await readCheckpoint(store, result.checkpoint, { moments: false });
    expect(last.manifest.adapters?.lora).toMatchObject(lora);
    // The weights under the adapters stay as they were.
    expect(last.manifest.parameters).toEqual(start.parameters);
    expect(last.manifest.adapters?.file).not.toEqual(start.adapters?.file);
    expect(await store.read('runs/w4/adapter/adapter_model.safetensors')).not.toBeNull();
    expect(await store.read('runs/w4/model/config.json')).toEqual(await store.read('runs/w1/model/config.json'));
  }, 120_000);

  it('fails at once where there is no such model', async () => {
    await startWithCli('reft', 'w3', {
      preset: 'smoke',
      model: { from: `s3://${parts.stack.s3.bucket}/runs/none/model` },
    });
    await expect(failure('w3')).resolves.toMatch(/runs\/none\/model has no config\.json/);
  });
});

describe('a run with LoRA', () => {
  it('trains adapters through every phase, and leaves them for PEFT beside the merged model', async () => {
    const lora = { rank: 4, alpha: 8 };
    await startWithCli('reft', 'l1', { preset: 'smoke', lora });
    const result: RunResult = await parts.client.workflow.getHandle('l1').result();
    expect(result.accuracy.reranking).toBeTypeOf('number');
    const store = openStore(parts.stack.s3);
    const config = JSON.parse(Buffer.from((await store.read('runs/l1/adapter/adapter_config.json')) ?? []).toString());
    expect(config).toMatchObject({ r: 4, lora_alpha: 8, target_modules: 'all-linear' });
    expect(await store.read('runs/l1/adapter/adapter_model.safetensors')).not.toBeNull();
    const last = await readCheckpoint(store, result.checkpoint, { moments: false });
    expect(last.manifest.adapters?.lora).toEqual({ ...lora, targetModules: 'all-linear' });
    const merged = await store.read('runs/l1/model/model.safetensors');
    expect(merged?.length).toBeGreaterThan(0.9 * last.manifest.parameters.bytes);
  }, 180_000);

  it('is refused where the model has no such layer, by name', async () => {
    await startWithCli('reft', 'l2', { preset: 'smoke', lora: { rank: 4, alpha: 8, targetModules: ['c_attn'] } });
    await expect(failure('l2')).resolves.toMatch(/lora\.targetModules: the model has no linear layer "c_attn"/);
  });
});

describe('what cannot run', () => {
  it('fails a bad specification at once, naming field, value and what is allowed', async () => {
    await startWithCli('reft', 'bad', { preset: 'smoke', ppo: { clipRange: -1 } });
    await expect(failure('bad')).resolves.toMatch(/ppo\.clipRange.*-1/s);
  });

  it('fails a workflow type it does not know', async () => {
    await startWithCli('rfet', 'typo', {});
    await expect(failure('typo')).resolves.toMatch(/rfet.*reft/s);
  });

  it('fails a sequence that does not fit the model', async () => {
    await startWithCli('reft', 'short', { preset: 'smoke', model: { maxPositions: 26 } });
    await expect(failure('short')).resolves.toMatch(/model\.maxPositions is 26/);
  });
});

describe('the sft workflow', () => {
  it('runs as a type of its own', async () => {
    await startWithCli('sft', 's1', { preset: 'smoke', rewardModel: null });
    const result: RunResult = await parts.client.workflow.getHandle('s1').result();
    expect(result.accuracy.sft).toBeTypeOf('number');
  }, 120_000);
});
