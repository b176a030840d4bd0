/** Pass rates of training questions on the real parts: an object that is there, and the same where a worker is killed while it samples them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { PassRate } from '../../activities/chooseQuestions.js';
import { required } from '../../activities/invariant.js';
import { publishedResultSchema } from '../../activities/report/publishedResult.js';
import { createStore } from '../../activities/store/store.js';
import type { RunResult } from '../../workflows/runState.js';
import { isUnderWay, repeated, waitForActivity } from './lossOfWorkers.js';
import { useRealParts } from './realParts.js';

/** A model of this size is sometimes right on some questions: those that it always is are left out. */
const spec = {
  preset: 'smoke',
  model: { hiddenSize: 64, layers: 2, intermediateSize: 160 },
  warmUp: { epochs: 4 },
  difficulty: { samplesPerQuestion: 32, min: 0, max: 0.99, order: 'easy-first' },
  grpo: { epochs: 1 },
  sft: null,
  rewardModel: null,
  evaluation: { samplesPerQuestion: 0 },
};

const parts = useRealParts();
const start = (workflowId: string) =>
  parts.client.workflow.start('grpo', { taskQueue: 'reft', workflowId, args: [spec] });

it('is measured once, published, and the same after the loss of a worker', async () => {
  const calm: RunResult = await (await start('calm')).result();
  const chosen = required(calm.difficulty, 'the chosen questions');
  const directory = await mkdtemp(join(tmpdir(), 'reft-difficulty-'));
  const store = createStore({ ...parts.stack.s3, cacheDirectory: directory, cacheBytes: 2 ** 30 });
  const rates = (await store.getLines(chosen.passRates)) as readonly PassRate[];
  expect(rates).toHaveLength(32);
  expect(chosen.histogram.map((_, right) => rates.filter((one) => one.right === right).length)).toEqual(
    chosen.histogram,
  );
  expect(rates.every(({ samples, id }) => samples === 32 && id !== '')).toBe(true);
  const published = required(await store.read(calm.published.result), 'result.json');
  const { difficulty } = publishedResultSchema.parse(JSON.parse(Buffer.from(published).toString()));
  expect(difficulty).toMatchObject({ measured: 32, kept: chosen.train.count, passRates: chosen.passRates });
  await rm(directory, { recursive: true });

  const handle = await start('disturbed');
  for (let hit = false; !hit; ) {
    await waitForActivity(handle, 'rollout', 'difficulty');
    await parts.killWorker();
    hit = await isUnderWay(handle, 'rollout');
    await parts.startWorker();
  }
  const disturbed: RunResult = await handle.result();
  expect(disturbed.checkpoint).toEqual(calm.checkpoint);
  expect(disturbed.difficulty).toEqual(calm.difficulty);
  expect(await repeated(handle)).toContain('rollout');
}, 300_000);
