/** Engines side by side: tasks at the same time, the same results, and none left when the pool is closed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LlamaConfig } from '../../../../activities/engine/models/index.js';
import { machine } from '../../../../activities/engine/ort/machine.js';
import type { Engine } from '../../../../activities/engine/process/engineClient.js';
import { createEnginePool } from '../../../../activities/engine/process/enginePool.js';
import { machineBudget } from '../../../../activities/engine/training/memoryBudget.js';
import { tinyConfig } from '../support/tinyConfig.js';

let directory: string;
let pool: Engine;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engines-'));
});
beforeEach(() => {
  pool = createEnginePool(2);
});
afterEach(() => pool.close());
afterAll(() => rm(directory, { recursive: true }));

let folders = 0;
const input = (config: LlamaConfig = tinyConfig, seed = 1) => ({
  config,
  seed,
  outputDirectory: join(directory, String(folders++)),
});
/** Takes some seconds to initialise, in many small tensors. */
const slow: LlamaConfig = { ...tinyConfig, hidden_size: 256, intermediate_size: 1024, num_hidden_layers: 40 };

describe('a pool of two engines', () => {
  it('does two tasks at a time, with the results of one engine', async () => {
    let ended = 0;
    const endedAtFirstProgress: number[] = [];
    const task = async (): Promise<string> => {
      let isFirst = true;
      const onProgress = (): void => {
        if (isFirst) endedAtFirstProgress.push(ended);
        isFirst = false;
      };
      const { files } = await pool.run('initialise', input(slow), { onProgress });
      ended += 1;
      return files.parameters;
    };
    const files = await Promise.all([task(), task(), task()]);
    // The third waits for one of the first two.
    expect(endedAtFirstProgress.sort()).toEqual([0, 0, expect.any(Number)]);
    expect(endedAtFirstProgress.at(-1)).toBeGreaterThan(0);
    const [first, second] = await Promise.all(files.map((file) => readFile(file)));
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
  });

  it('lets a task fail alone', async () => {
    const { config, outputDirectory } = input();
    const failed = pool.run('importModel', { config, directory: join(directory, 'missing'), outputDirectory });
    await expect(failed).rejects.toThrow();
    await expect(Promise.all([pool.run('initialise', input()), pool.run('initialise', input())])).resolves.toHaveLength(
      2,
    );
  });

  it('ends the tasks under way when it is closed', async () => {
    const tasks = [1, 2].map((seed) => pool.run('initialise', input(slow, seed)));
    const outcomes = Promise.allSettled(tasks);
    await pool.close();
    for (const { status } of await outcomes) expect(status).toBe('rejected');
  });

  it('has a share of memory and cores for each', async () => {
    const { training } = machineBudget();
    const cores = machine.cores;
    vi.stubEnv('REFT_ENGINES', String(cores));
    expect(machineBudget().training).toBe(Math.floor(training / cores));
    vi.resetModules();
    const { threads } = await import('../../../../activities/engine/ort/session.js');
    expect(threads).toBe(1);
    vi.unstubAllEnvs();
  });
});
