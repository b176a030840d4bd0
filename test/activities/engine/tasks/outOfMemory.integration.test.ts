/**
 * Memory that runs out in an engine process: the system gives it no more than was set (Linux's RLIMIT_DATA), onnxruntime says so, and
 * the task goes on in halves or ends with an error that says what to do. The process stays.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../../activities/engine/process/engineClient.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { memoryModel } from '../../../../activities/engine/training/memory.js';
import type { MemoryBudget } from '../../../../activities/engine/training/memoryBudget.js';
import { groupSizes } from '../../../../activities/engine/training/microBatches.js';
import { buildUpdate } from '../../../../activities/engine/training/objectives.js';
import { required } from '../../../../activities/invariant.js';
import { temporaryFolder } from '../modelFolder.js';
import { tinyConfig } from '../support/tinyConfig.js';

const config = { ...tinyConfig, vocab_size: 5_000, hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1 };
const optimiser = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 } as const;
const sequences = (count: number): TokenSequence[] =>
  new Array(count).fill({ prompt: [3, 4], answer: new Array<number>(20).fill(5) });

/**
 * Its logits take 248 MiB, and it needs three blocks that hold such a matrix; each half of it three of 124 MiB, and onnxruntime asks for
 * blocks of 128, 128 and 256 MiB. With all else, the process then has some 100 MiB left: where it had none, other parts of it would fail.
 */
const batch = sequences(650);
const limit = 720 * 2 ** 20;
/** Half of it needs more than the limit. */
const larger = sequences(4 * batch.length);

const folder = await temporaryFolder();
// A thread: others would take memory of their own.
const engine = createEngine({ ...process.env, REFT_ENGINES: '64' });
afterAll(() => engine.close());

const bytesOf = memoryModel(buildUpdate({ objective: 'supervised', config }, optimiser).graph);
/** All that a batch takes whole, and no more. */
const budgetFor = (given: readonly TokenSequence[]): MemoryBudget => ({
  training: 2 ** 40,
  microBatch: bytesOf(groupSizes(given)),
  cache: 2 ** 30,
});

let trainings = 0;
async function train(given: readonly TokenSequence[]) {
  const outputDirectory = join(folder, `trained-${trainings++}`);
  const { files: model } = await engine.run('initialise', { config, seed: 0, outputDirectory });
  const settings = { optimiser: { ...optimiser, learningRates: [1e-3] }, memory: budgetFor(given) };
  return engine.run('trainSupervised', { model, batches: [given], outputDirectory, ...settings });
}

const processId = (): number => required(engine.processId(), 'an engine process');

/** What the process has taken so far. */
async function dataBytes(): Promise<number> {
  const status = await readFile(`/proc/${processId()}/status`, 'utf8');
  return 1_024 * Number(/VmData:\s+(\d+)/.exec(status)?.[1]);
}

async function limitData(bytes: number | 'unlimited'): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', `${processId()}`, `--data=${bytes}:`]);
}

describe.skipIf(process.platform !== 'linux')('an engine process that runs out of memory (Linux)', () => {
  it('fails where half is too much, goes on in halves where it is not, and does what was planned where there is enough', async () => {
    await train(sequences(2));
    const [started, before] = [processId(), await dataBytes()];

    await limitData(before + limit);
    await expect(train(larger)).rejects.toMatchObject({
      name: 'OutOfMemory',
      message: expect.stringMatching(/^memory ran out twice, the second time with runs of at most .* GiB/),
    });

    const inHalves = await train(batch);
    const { training, microBatch } = budgetFor(batch);
    expect(inHalves.halvedMemory).toEqual({ training, microBatch: Math.floor(microBatch / 2), cache: 2 ** 29 });

    await limitData('unlimited');
    const asPlanned = await train(batch);
    expect(asPlanned.halvedMemory).toBeUndefined();
    expect(inHalves.loss).toBeCloseTo(asPlanned.loss, 4);
    expect(processId()).toBe(started);
  }, 120_000);
});
