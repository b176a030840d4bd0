/** Pass rates of questions, and which questions are trained on by them. */
import { expect, it } from 'vitest';
import { createChooseQuestions, type PassRate } from '../../activities/chooseQuestions.js';
import type { Example } from '../../activities/data/types.js';
import type { ScoredSample } from '../../activities/rewards/samples.js';
import type { DifficultySpec } from '../../workflows/config/difficulty.js';
import { createMemoryStore } from './data/memoryStore.js';
import { answer, question } from './recordingEngine.js';

const usual = { samplesPerQuestion: 4, min: 0.01, max: 0.99, order: 'random' } as const;

/** Right ones of four answers to each of six questions. */
const rightOf = [4, 1, 0, 3, 1, 2];

/** All answers, a shard for each two questions; the last answers of a question are the right ones. */
function shardsOf(right: readonly number[]): readonly (readonly ScoredSample[])[] {
  const groups = right.map((count, example) =>
    [0, 1, 2, 3].map((sample) => answer(example, sample, sample >= 4 - count ? 1 : 0.1)),
  );
  return [groups.slice(0, 2), groups.slice(2, 4), groups.slice(4)].map((shard) => shard.flat());
}

async function choose(difficulty: Partial<DifficultySpec> = {}, shards = shardsOf(rightOf)) {
  const store = createMemoryStore();
  const examples = rightOf.map((_, index) => question(index));
  const train = { ...(await store.putLines(examples)), count: examples.length };
  const scored = await Promise.all(shards.map((shard) => store.putLines(shard)));
  const activity = createChooseQuestions({ store, workDirectory: '/tmp/reft-choose-questions' });
  const result = await activity({ train, scored, difficulty: { ...usual, ...difficulty } });
  const chosen = (await store.getLines(result.train)) as Example[];
  return { result, examples, chosen, rates: (await store.getLines(result.passRates)) as PassRate[] };
}

it('measures each question over all its samples, and leaves out what is always or never right', async () => {
  const { result, rates, examples, chosen } = await choose();
  expect(rates).toEqual(rightOf.map((right, index) => ({ id: `question ${index}`, right, samples: 4 })));
  expect(result).toMatchObject({ measured: 6, histogram: [1, 2, 1, 1, 1], train: { count: 4 } });
  expect(result.levels).toBeUndefined();
  expect(chosen).toEqual([1, 3, 4, 5].map((place) => examples[place]));
});

it('keeps both ends of the range', async () => {
  const idsOf = async (difficulty: Partial<DifficultySpec>) => (await choose(difficulty)).chosen.map(({ id }) => id);
  expect(await idsOf({ min: 0.25, max: 0.5 })).toEqual(['question 1', 'question 4', 'question 5']);
  expect(await idsOf({ min: 0.26, max: 1 })).toEqual(['question 0', 'question 3', 'question 5']);
  expect(await idsOf({ min: 0, max: 0.2 })).toEqual(['question 2']);
});

it('lays the easiest first, and says how many questions have each rate', async () => {
  const { result, chosen } = await choose({ order: 'easy-first', min: 0, max: 1 });
  expect(chosen.map(({ id }) => Number(id.replace('question ', '')))).toEqual([0, 3, 5, 1, 4, 2]);
  expect(result.levels).toEqual([1, 1, 1, 2, 1]);
  expect((await choose({ order: 'easy-first' })).result.levels).toEqual([1, 1, 2]);
});

it('gives the same objects again', async () => {
  expect((await choose()).result).toEqual((await choose()).result);
});

it('fails where no question is left, with the pass rates there are', async () => {
  const failure = choose({}, shardsOf([4, 0, 0, 4, 4, 4]));
  await expect(failure).rejects.toThrow(
    'difficulty: got min 0.01 and max 0.99, allowed: a range with a training question in it; their pass rates are 0 (2 questions), 1 (4 questions)',
  );
  await expect(failure).rejects.toMatchObject({ name: 'InvalidSpec' });
});

it('refuses samples that do not cover every question alike', async () => {
  const [first = [], ...others] = shardsOf(rightOf);
  await expect(choose({}, [first.slice(1), ...others])).rejects.toThrow('question 0 has 3 samples, and was to have 4');
  await expect(choose({}, [[answer(9, 0, 1)], first, ...others])).rejects.toThrow('question 9, but there are 6');
});
