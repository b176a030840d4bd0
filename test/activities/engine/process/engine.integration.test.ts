/** The engine's process from outside: its tasks, its death, its cancellation. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LlamaConfig } from '../../../../activities/engine/models/index.js';
import { createEngine, type EngineClient } from '../../../../activities/engine/process/engineClient.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import type { Log } from '../../../../activities/log.js';
import { tinyConfig } from '../support/tinyConfig.js';

let directory: string;
let engine: EngineClient;
let told: [level: string, message: string, fields: unknown][] = [];
const log: Log = (...line) => told.push([line[0], line[1], line[2]]);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engine-'));
  engine = createEngine(process.env, log);
});
afterEach(async () => {
  await engine.close();
  told = [];
  engine = createEngine(process.env, log);
});
afterAll(async () => {
  await engine.close();
  await rm(directory, { recursive: true });
});

let folders = 0;
const input = (config: LlamaConfig = tinyConfig, seed = 1) => ({
  config,
  seed,
  outputDirectory: join(directory, String(folders++)),
});
/** Takes some seconds to initialise, in many small tensors. */
const slow: LlamaConfig = { ...tinyConfig, hidden_size: 256, intermediate_size: 1024, num_hidden_layers: 100 };

/** Resolves with the error of a promise that must fail. */
const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (error) => error,
  );

/** The same for less time, where the end has to be waited for. */
const rather: LlamaConfig = { ...slow, num_hidden_layers: 40 };

/** Runs until the process is certainly in the middle of a task. */
async function underWay(config = slow) {
  let started = () => {};
  const progress = new Promise<void>((resolve) => {
    started = resolve;
  });
  const task = engine.run('initialise', input(config), { onProgress: () => started() });
  await Promise.race([progress, task]);
  const processId = engine.processId();
  if (processId === undefined) throw new Error('no engine process');
  return { task, processId };
}

const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the engine', () => {
  it('starts no process before its first task, and one for all tasks', async () => {
    expect(engine.processId()).toBeUndefined();
    await engine.run('initialise', input());
    const first = engine.processId();
    await engine.run('initialise', input());
    expect(first).toBeGreaterThan(0);
    expect(engine.processId()).toBe(first);
  });

  it('initialises the same bytes from the same seed and others from another', async () => {
    const bytes = async (seed: number) =>
      readFile((await engine.run('initialise', input(tinyConfig, seed))).files.parameters);
    const [one, again, other] = [await bytes(1), await bytes(1), await bytes(2)];
    expect(one.equals(again)).toBe(true);
    expect(one.equals(other)).toBe(false);
  });

  it('initialises norms at one and weights with deviation 0.02', async () => {
    const { files } = await engine.run('initialise', input({ ...tinyConfig, tie_word_embeddings: false }));
    const { tensors } = await readSafetensors(files.parameters);
    expect(files.step).toBe(0);
    expect(tensors.get('model.layers.1.input_layernorm.weight')?.data).toEqual(new Float32Array(64).fill(1));
    const head = tensors.get('lm_head.weight');
    expect(head?.shape).toEqual([23, 64]);
    const variance = (head?.data.reduce((sum, value) => sum + value * value, 0) ?? 0) / (23 * 64);
    expect(Math.sqrt(variance)).toBeCloseTo(0.02, 2);
    expect(head?.data).not.toEqual(tensors.get('model.embed_tokens.weight')?.data);
  });

  it('runs tasks one after the other, and reports progress up to the end', async () => {
    const order: string[] = [];
    const reports: [number, number][] = [];
    await Promise.all([
      engine
        .run('initialise', input({ ...slow, num_hidden_layers: 20 }), {
          onProgress: (done, total) => reports.push([done, total]),
        })
        .then(() => order.push('long')),
      engine.run('initialise', input()).then(() => order.push('short')),
    ]);
    expect(order).toEqual(['long', 'short']);
    expect(reports.at(-1)).toEqual([182, 182]);
    expect(reports.length).toBeGreaterThan(1);
  });

  it('passes errors on with name and message, and goes on working', async () => {
    const { files } = await engine.run('initialise', input());
    const prompts = [{ example: 3, tokens: [] }];
    const error = await failure(
      engine.run('generate', {
        model: files,
        prompts,
        samples: 1,
        temperature: 0,
        maxAnswerTokens: 4,
        endTokens: [1],
        padToken: 0,
        random: { seed: 1, purpose: 'rollout', round: 0 },
      }),
    );
    expect(error.name).toBe('InvalidData');
    expect(error.message).toMatch(/example 3/);
    await engine.run('initialise', input());
  });

  it('fails only the running task when the process is killed, with a retryable error', async () => {
    const { task, processId } = await underWay();
    const failed = failure(task);
    const queued = engine.run('initialise', input());
    process.kill(processId, 'SIGKILL');
    const error = await failed;
    expect(error.name).toBe('EngineCrashed');
    expect(error.message).toBe('the engine process ended with signal SIGKILL during initialise');
    await queued;
    expect(engine.processId()).not.toBe(processId);
    expect(told).toEqual([
      ['info', 'engine process started', { pid: processId }],
      ['warn', 'engine process ended; the next task starts another', { task: 'initialise' }],
      ['info', 'engine process started', { pid: engine.processId() }],
    ]);
  });

  it('replaces a process that is stopped, and gives the same', async () => {
    const calm = await readFile((await engine.run('initialise', input(rather))).files.parameters);
    await engine.close();
    told = [];
    engine = createEngine(process.env, log, 3);
    const { task, processId } = await underWay(rather);
    process.kill(processId, 'SIGSTOP');
    const { files } = await task;
    expect(calm.equals(await readFile(files.parameters))).toBe(true);
    expect(isAlive(processId)).toBe(false);
    expect(told.map(([, message]) => message)).toEqual([
      'engine process started',
      'engine process hangs; another begins its task again',
      'engine process started',
    ]);
    expect(told[1]?.[2]).toEqual({
      task: 'initialise',
      reason: expect.stringMatching(/^the engine process hung during initialise: no processor time for [34] s$/),
    });
  });

  it('waits for a process that is stopped for a while', async () => {
    engine = createEngine(process.env, log, 9);
    const { task, processId } = await underWay(rather);
    process.kill(processId, 'SIGSTOP');
    await setTimeout(3_000);
    process.kill(processId, 'SIGCONT');
    await task;
    expect(engine.processId()).toBe(processId);
  });

  it('fails the task, to be tried again, when one process after the other hangs', async () => {
    engine = createEngine(process.env, log, 1);
    const failed = failure(engine.run('initialise', input(slow)));
    let isOver = false;
    void failed.then(() => {
      isOver = true;
    });
    const stopped = new Set<number>();
    while (!isOver) {
      const processId = engine.processId();
      if (processId !== undefined && !stopped.has(processId)) process.kill(processId, 'SIGSTOP');
      if (processId !== undefined) stopped.add(processId);
      await setTimeout(20);
    }
    expect(await failed).toMatchObject({
      name: 'EngineCrashed',
      message: expect.stringContaining('the engine process hung'),
    });
    expect(stopped.size).toBe(4);
    // Each had twice the patience of the last.
    expect((await failed).message).toMatch(/no processor time for ([89]|10) s$/);
  });

  it('tells what the process wrote before it died', async () => {
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = '--max-old-space-size=1';
    try {
      const error = await failure(engine.run('initialise', input()));
      expect(error.name).toBe('EngineCrashed');
      expect(error.message).toMatch(/javascript OOM|heap out of memory/);
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    }
  });

  it('survives a process that dies between tasks', async () => {
    await engine.run('initialise', input());
    const processId = engine.processId() ?? 0;
    process.kill(processId, 'SIGKILL');
    while (engine.processId() === processId) await setTimeout(5);
    await engine.run('initialise', input());
  });

  it('cancels a running task with the reason given, and keeps the process', async () => {
    const controller = new AbortController();
    const reason = new Error('the activity was cancelled');
    const task = engine.run('initialise', input(slow), {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    expect(await failure(task)).toBe(reason);
    const processId = engine.processId();
    await engine.run('initialise', input());
    expect(engine.processId()).toBe(processId);
  });

  it('starts no task whose signal is aborted while it waits', async () => {
    const controller = new AbortController();
    const running = engine.run('initialise', input());
    const waiting = failure(engine.run('initialise', input(slow), { signal: controller.signal }));
    const reason = new Error('no longer wanted');
    controller.abort(reason);
    await running;
    expect(await waiting).toBe(reason);
  });

  it('ends its process when closed, and the running and waiting tasks with it', async () => {
    const { task, processId } = await underWay();
    const failures = [failure(task), failure(engine.run('initialise', input()))];
    await engine.close();
    expect(isAlive(processId)).toBe(false);
    for (const error of await Promise.all(failures)) expect(error.name).toBe('TaskCancelled');
  });

  it('does not outlive a parent that is killed', async () => {
    const client = new URL('../../../../activities/engine/process/engineClient.ts', import.meta.url).href;
    const script = `
      import { createEngine } from ${JSON.stringify(client)};
      const engine = createEngine();
      const input = ${JSON.stringify(input(slow))};
      engine.run('initialise', input, { onProgress: () => console.log(engine.processId()) });
    `;
    const parent: ChildProcess = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const processId = await new Promise<number>((resolve) =>
      parent.stdout?.once('data', (text) => resolve(Number.parseInt(String(text), 10))),
    );
    expect(isAlive(processId)).toBe(true);
    parent.kill('SIGKILL');
    for (let waited = 0; waited < 5_000 && isAlive(processId); waited += 50) await setTimeout(50);
    expect(isAlive(processId)).toBe(false);
  });
});
