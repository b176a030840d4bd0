/** Answers from several worker threads, against those of one. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GenerateTask } from '../../../../activities/engine/sampling/generate.js';
import { generate } from '../../../../activities/engine/sampling/generate.js';
import { runInWorkerThreads } from '../../../../activities/engine/threads/workerThreads.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { TaskCancelled } from '../../../../activities/errors.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';

let folder: string;
let model: ModelFiles;
beforeAll(async () => {
  folder = await temporaryFolder();
  model = await writeModel(join(folder, 'tiny.safetensors'), tinyConfig, randomParameters(tinyConfig));
});

const task = (prompts: number, maxAnswerTokens = 12): GenerateTask['input'] => ({
  model,
  prompts: Array.from({ length: prompts }, (_, index) => ({
    example: 3 * index,
    tokens: Array.from({ length: 1 + ((index * 5) % 7) }, (_unused, position) => 2 + ((index + position) % 20)),
  })),
  samples: 4,
  temperature: 1,
  maxAnswerTokens,
  endTokens: [1],
  padToken: 0,
  random: { seed: 1, purpose: 'rollout', round: 0 },
});

describe('answers from worker threads', () => {
  it.each([2, 3])('are those of one thread, in order: %i worker threads', async (workerThreads) => {
    const { answers: expected, work } = await generate(task(11), quietContext, { workerThreads: 1 });
    const result = await generate(task(11), quietContext, { workerThreads });
    expect(result.answers.map(({ logProbs, ...answer }) => answer)).toEqual(
      expected.map(({ logProbs, ...answer }) => answer),
    );
    const differences = result.answers.flatMap(({ logProbs }, index) =>
      logProbs.map((logProb, position) => Math.abs(logProb - (expected[index]?.logProbs[position] ?? Number.NaN))),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-5);
    expect({ ...result.work, seconds: 0 }).toEqual({ ...work, seconds: 0 });
  });

  it('are not mixed up with those of another task at the same time', async () => {
    const others = { ...task(11), random: { seed: 2, purpose: 'rollout', round: 0 } } as const;
    const alone = [
      await generate(task(11), quietContext, { workerThreads: 2 }),
      await generate(others, quietContext, { workerThreads: 2 }),
    ];
    const together = await Promise.all(
      [task(11), others].map((input) => generate(input, quietContext, { workerThreads: 2 })),
    );
    expect(together.map(({ answers }) => answers)).toEqual(alone.map(({ answers }) => answers));
    expect(together[0]?.answers).not.toEqual(together[1]?.answers);
  });

  it('come with the progress of all worker threads together', async () => {
    const seen: (readonly [number, number])[] = [];
    await generate(
      task(11),
      { ...quietContext, onProgress: (...progress) => seen.push(progress) },
      { workerThreads: 2 },
    );
    expect(seen.at(-1)).toEqual([44, 44]);
  });

  it('stop when the task is cancelled, and the worker threads go on with the next', async () => {
    let isCancelled = false;
    const input = { ...task(64, 50), samples: 64, endTokens: [tinyConfig.vocab_size] };
    const running = generate(
      input,
      { onProgress: () => undefined, isCancelled: () => isCancelled },
      { workerThreads: 2 },
    );
    isCancelled = true;
    await expect(running).rejects.toMatchObject({ name: TaskCancelled.name });
    expect((await generate(task(11), quietContext, { workerThreads: 2 })).answers).toHaveLength(44);
  });

  it('fail as they do in one thread, and the worker threads go on with the next', async () => {
    const broken = await writeModel(join(folder, 'broken.safetensors'), tinyConfig, new Map());
    const input = { ...task(11), model: broken };
    const error = await generate(input, quietContext, { workerThreads: 1 }).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'InvalidModel' });
    await expect(generate(input, quietContext, { workerThreads: 2 })).rejects.toMatchObject({
      name: error.name,
      message: error.message,
    });
    expect((await generate(task(11), quietContext, { workerThreads: 2 })).answers).toHaveLength(44);
  });
});

it('a worker thread refuses a task that it does not run', async () => {
  await expect(runInWorkerThreads('initialise', [task(1)], quietContext)).rejects.toThrow(
    'task initialise does not run here',
  );
});
