/** Which questions dynamic sampling keeps, and what becomes of their answers. */
import { expect, it } from 'vitest';
import type { ScoredSample } from '../../activities/rewards/samples.js';
import { createSelectGroups } from '../../activities/selectGroups.js';
import { createMemoryStore } from './data/memoryStore.js';
import { answer } from './recordingEngine.js';

/** Keeps `answers`, in two objects; gives the keys of those that are left, `question sample`. */
async function select(answers: readonly ScoredSample[], signal: 'correct' | 'reward') {
  const store = createMemoryStore();
  const half = Math.floor(answers.length / 2);
  const parts = [answers.slice(0, half), answers.slice(half)].filter((part) => part.length > 0);
  const scored = await Promise.all(parts.map((part) => store.putLines(part)));
  const { scored: left, ...counts } = await createSelectGroups({ store })({ scored, signal });
  const lines = (await Promise.all(left.map((ref) => store.getLines(ref)))).flat() as ScoredSample[];
  return { ...counts, left: lines.map(({ example, sample }) => `${example} ${sample}`) };
}

/** Four answers to a question, by what they earn; 1 is right. */
const group = (question: number, rewards: readonly number[]) =>
  rewards.map((reward, sample) => answer(question, sample, reward));

it('group-all-wrong: drops a question of wrong answers though some of them earn a partial reward', async () => {
  const answers = [...group(3, [0.1, 0.1, 0.1, 0]), ...group(1, [0, 1, 1, 0.1]), ...group(2, [1, 1, 1, 1])];
  expect(await select(answers, 'correct')).toEqual({ kept: 1, right: 1, wrong: 1, left: ['1 0', '1 1', '1 2', '1 3'] });
});

it('keeps it where rewards are to differ, but not one whose answers earn the same', async () => {
  const answers = [...group(0, [0.1, 0.1, 0.1, 0]), ...group(1, [0.1, 0.1]), ...group(2, [1, 1])];
  expect(await select(answers, 'reward')).toEqual({ kept: 1, right: 1, wrong: 1, left: ['0 0', '0 1', '0 2', '0 3'] });
});

it('leaves nothing, and no object, of questions that tell nothing', async () => {
  expect(await select([...group(0, [0, 0]), ...group(1, [1, 1])], 'correct')).toEqual({
    kept: 0,
    right: 1,
    wrong: 1,
    left: [],
  });
});
