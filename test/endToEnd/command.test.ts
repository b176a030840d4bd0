/** The `reft` command on running servers: `run` with workers elsewhere and without, and what `status`, `report` and `export` say. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stackEnvironment } from '../../infra/environment.js';
import { startTestStack, type TestStack } from '../support/stack.js';
import { startWorkerProcess, type WorkerProcess } from '../support/workerProcess.js';

const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));

let stack: TestStack;
let workers: readonly WorkerProcess[] = [];
let stateDirectory: string;
let connection: Connection;

beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'reft-command-'));
  stack = await startTestStack();
  connection = await Connection.connect({ address: stack.temporal.address });
  workers = await Promise.all([startWorkerProcess(stack, 'general'), startWorkerProcess(stack, 'engine')]);
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await connection?.close();
  await stack?.stop();
  await rm(stateDirectory, { recursive: true, force: true });
});

async function reft(...args: string[]) {
  const child = spawn(process.execPath, [command, ...args], {
    env: {
      ...process.env,
      ...stackEnvironment(stack),
      REFT_STATE_DIR: stateDirectory,
      // The command must see to it by itself that the AWS SDK keeps quiet.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, error, code };
}

/** Which processes did a run's activities. */
async function identities(workflowId: string): Promise<ReadonlySet<string>> {
  const { events } = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
  return new Set((events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started?.identity ?? []));
}

describe('reft', () => {
  it('runs on two workers elsewhere, one a queue', async () => {
    // They are known from their first heartbeat on.
    const known = () => connection.workflowService.listWorkers({ namespace: 'default' });
    await expect.poll(async () => (await known()).workers.length, { timeout: 30_000 }).toBe(2);
    const { out, error, code } = await reft('run', 'smoke', '--id', 'shared');
    expect({ error, code }).toEqual({ error: '', code: 0 });
    expect(out).toMatch(/A training step takes at most [\d.]+ GiB \(warm-up\), .*of the machine's [\d.]+ GiB\./);
    expect(out).toContain('│ upper bound@2');
    expect(out).toContain(`Report: ${stateDirectory}/runs/shared/report.html`);
    expect((await identities('shared')).size).toBe(2);
    const description = await new Client({ connection }).workflow.getHandle('shared').describe();
    expect(await description.staticSummary()).toBe('Smoke test');
    expect(await description.staticDetails()).toContain('- **PPO**: 2 epochs in rounds of 16 questions');
  });

  it('tells what came of a run, and copies what it left', async () => {
    const status = await reft('status', 'shared');
    expect(status).toMatchObject({ error: '', code: 0 });
    expect(status.out).toMatch(/^shared: completed\n.*warm-up [\d.]+ \| SFT [\d.]+ \| ReFT [\d.]+ \| voting@2/s);

    const report = await reft('report', 'shared');
    expect(await readFile(report.out.trim(), 'utf8')).toContain('<svg');

    const folder = join(stateDirectory, 'exported');
    expect(await reft('export', 'shared', folder)).toMatchObject({ error: '', code: 0 });
    expect((await readdir(folder)).sort()).toEqual(['model', 'report.html', 'result.json', 'samples.jsonl']);
    expect(await readdir(join(folder, 'model', 'onnx'))).toEqual(['model.onnx']);
  });

  it('copies the model alone, in the form asked for', async () => {
    const shared = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];
    for (const [format, weights] of [
      ['transformers', 'model.safetensors'],
      ['onnx', 'onnx'],
    ] as const) {
      const folder = join(stateDirectory, format);
      expect(await reft('export', 'shared', folder, '--format', format)).toMatchObject({ error: '', code: 0 });
      expect((await readdir(folder)).sort()).toEqual([...shared, weights].sort());
    }
    const { error, code } = await reft('export', 'shared', stateDirectory, '--format', 'adapter');
    expect({ error, code }).toEqual({
      error: 'reft: Run "shared" has no adapter: it trained every weight (lora is null)\n',
      code: 2,
    });
  });

  it('evaluates the run’s model: greedily as the run did, with as many samples as are asked for', async () => {
    const { out, error, code } = await reft('evaluate', 'shared', '--samples', '12', '--id', 'evaluated');
    expect({ error, code }).toEqual({ error: '', code: 0 });
    expect(out).toMatch(/voting@12 +│.*upper bound@12 +│.*pass@1 +│.*pass@8 +│.*pass@12 +│/s);
    const metrics = async (id: string) =>
      (await new Client({ connection }).workflow.getHandle(id).result()).metrics as Record<string, unknown>;
    const [ofRun, evaluated] = await Promise.all([metrics('shared'), metrics('evaluated')]);
    expect(evaluated.top1).toEqual((ofRun.reft as Record<string, unknown>).top1);
    // The checkpoint that the run ended with is the model that it published.
    const { checkpoint } = await new Client({ connection }).workflow.getHandle('shared').result();
    const data = 'data={"source":"generated","docstring":false,"train":32,"test":16,"validation":8}';
    const settings = ['--set', data, '--set', 'generation={"maxAnswerTokens":24,"questionsPerShard":8}'];
    const byHash = await reft('evaluate', `checkpoint:${checkpoint.sha256}`, ...settings, '--id', 'by-hash');
    expect({ error: byHash.error, code: byHash.code }).toEqual({ error: '', code: 0 });
    expect((await metrics('by-hash')).top1).toEqual(evaluated.top1);
    const report = await reft('report', 'evaluated');
    expect(await readFile(report.out.trim(), 'utf8')).toContain('pass@k');
    expect((await reft('status', 'evaluated')).out).toMatch(/^evaluated: completed\n.*greedy [\d.]+ \| voting@12/s);
  });

  it('asks the run’s model, as the help’s example says', async () => {
    const { out: help } = await reft('ask', '--help');
    const [, question = '', samples = ''] = /npx reft ask mine-1 "(.*)" --samples (\d+)/.exec(help) ?? [];
    const { out, error, code } = await reft('ask', 'shared', question, '--samples', samples, '--json');
    expect(error).toBe('');
    const told = JSON.parse(out);
    // Two epochs teach nothing: whether anything can be read is chance.
    expect(code).toBe(told.answer === null ? 1 : 0);
    expect(told).toMatchObject({ question, samples: expect.any(Array), votes: expect.any(Array) });
    expect(told.samples).toHaveLength(Number(samples));
    expect(told.samples[0].text).toMatch(/^def solution\(\):\n/);
  });

  it('annotates by the run’s model', async () => {
    const path = join(stateDirectory, 'annotation.json');
    const rows = join(stateDirectory, 'rows.jsonl');
    const spec = {
      data: { source: 'generated', train: 8, test: 8, docstring: false },
      annotator: { kind: 'checkpoint', from: 's3://reft/runs/shared/model', generation: { maxAnswerTokens: 24 } },
      samples: 2,
    };
    await writeFile(path, JSON.stringify(spec));
    const { out, error, code } = await reft('annotate', path, '--id', 'by-model', '--out', rows);
    expect({ error, code }).toEqual({ error: '', code: 0 });
    expect(out).toMatch(/\d of 8 questions annotated \([\d.]+ %\), \d rows; 16 answers, cost 0\nAnswers: /);
    expect((await readFile(rows, 'utf8')).split('\n').length - 1).toBe(Number(/(\d) rows/.exec(out)?.[1]));
    expect((await reft('annotate', path, '--out', rows)).error).toContain('is there already; --force replaces it');
  });

  it('refuses what cannot be evaluated', async () => {
    expect(await reft('evaluate', 'shared', '--samples', '101')).toMatchObject({
      error: expect.stringContaining('samples: got 101, allowed: a whole number from 0 to 100'),
      code: 2,
    });
    expect(await reft('evaluate', 'nothing')).toMatchObject({
      error: expect.stringContaining('"nothing" is no run that has finished, and no model'),
      code: 2,
    });
  });

  it('compares methods, and does again only what is new', async () => {
    const settings = ['--set', 'run={"preset":"smoke"}', '--set', 'methods=["sft","reft"]'];
    const first = await reft('compare', 'paper-small', ...settings, '--set', 'seeds=[1]', '--id', 'compared');
    expect({ error: first.error, code: first.code }).toEqual({ error: '', code: 0 });
    expect(first.out).toMatch(/│ ReFT +│ +[\d.]+ │/);
    expect(first.out).toMatch(/ReFT less SFT: [+−]?[\d.]+ points/);
    const second = await reft('compare', 'paper-small', ...settings, '--set', 'seeds=[1,2]', '--id', 'again');
    expect(second.code).toBe(0);
    expect(second.out).toContain('7 children were taken over from earlier comparisons.');
    expect(second.out).toMatch(/\(2 trainings\)/);
    const report = await reft('report', 'again');
    expect(await readFile(report.out.trim(), 'utf8')).toContain('Differences on the same questions');
    expect((await reft('status', 'again')).out).toMatch(/^again: completed\n.*voting@2/s);
  }, 240_000);

  it('has no status, report or files of a run that never was', async () => {
    for (const args of [
      ['status', 'none'],
      ['report', 'none'],
      ['export', 'none', stateDirectory],
    ]) {
      const { error, code } = await reft(...args);
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(error).toMatch(/^reft: .*"none"/);
    }
  });

  it('says why a run failed', async () => {
    const { error, code } = await reft('run', 'smoke', '--set', 'model.maxPositions=26', '--id', 'short');
    expect(code).toBe(1);
    expect(error).toContain('The run failed: model.maxPositions is 26, but the longest prompt and answer');
    expect((await reft('status', 'short')).out).toMatch(/^short: failed\n.*model\.maxPositions is 26/s);
  });

  it('goes on with a worker of its own when the others are killed', async () => {
    const [, engine] = workers;
    await engine?.kill();
    workers = workers.slice(0, 1);
    const { out, code } = await reft('run', 'smoke', '--id', 'deserted');
    expect(code).toBe(0);
    expect(out).toContain('The workers are gone');
    expect(out).toContain('│ upper bound@2');
  }, 240_000);
});
