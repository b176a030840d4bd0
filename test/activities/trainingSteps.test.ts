/** Data sets as activities read them: those asked for last are parsed once; and the questions of a selection. */
import { expect, it } from 'vitest';
import { exampleAt, examplesAt, readExamples } from '../../activities/examples.js';
import type { Store } from '../../activities/store/types.js';
import { selectQuestions } from '../../activities/trainingSteps.js';
import { question, recordingEngine } from './recordingEngine.js';

it('reads a data set once while few others are asked for', async () => {
  const { store, dataSet } = recordingEngine({});
  const asked: string[] = [];
  const counting: Store = {
    ...store,
    getFile(ref) {
      asked.push(ref.sha256);
      return store.getFile(ref);
    },
  };
  const sets = await Promise.all([100, 101, 102, 103].map((index) => dataSet([question(index)])));
  const [first, ...others] = sets;
  if (!first) throw new Error('no data set');
  const examples = await readExamples(counting, first);
  expect(examples).toMatchObject([{ id: question(100).id }]);
  expect(await readExamples(counting, first)).toBe(examples);
  expect(asked).toEqual([first.sha256]);
  for (const other of others) await readExamples(counting, other);
  expect(await readExamples(counting, first)).toEqual(examples);
  expect(asked).toEqual([...sets, first].map(({ sha256 }) => sha256));
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('reads of a large data set the lines that are asked for, and no others', async () => {
  const { store, dataSet } = recordingEngine({});
  const written = [3, 1, 4, 1, 5].map((index) => ({ ...question(index), question: `${index} 🙂\u2028?` }));
  const data = await dataSet(written);
  const large = await readExamples(store, data, 1);
  expect(large).toHaveLength(written.length);
  expect(await collect(examplesAt(large))).toEqual(written);
  expect(await collect(examplesAt(large, [4, 0, 4]))).toEqual([written[4], written[0], written[4]]);
  for (const place of [5, -1])
    expect(() => exampleAt(large, place)).toThrow(`a sample is of question ${place}, but the data set has 5`);
  const small = await readExamples(store, await dataSet([question(9)]));
  expect(() => exampleAt(small, -1)).toThrow('a sample is of question -1, but the data set has 1');
});

it('selects questions past the end of the order from its beginning', () => {
  const select = (from: number, to: number) => selectQuestions(6, { order: 'shuffled', epoch: 1, from, to }, 5);
  const order = select(0, 6);
  expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(select(4, 9)).toEqual([order[4], order[5], order[0], order[1], order[2]]);
  expect(select(6, 8)).toEqual(order.slice(0, 2));
  expect(selectQuestions(6, { order: 'plain', from: 1, to: 3 }, 5)).toEqual([1, 2]);
});

it('goes from level to level, each of which is shuffled anew each epoch', () => {
  const levels = [20, 1, 30];
  const select = (epoch: number) => selectQuestions(51, { order: 'by-level', levels, epoch, from: 0, to: 51 }, 5);
  const sorted = (places: readonly number[]) => [...places].sort((a, b) => a - b);
  const first = select(0);
  const all = Array.from({ length: 51 }, (_, place) => place);
  expect(sorted(first.slice(0, 20))).toEqual(all.slice(0, 20));
  expect(first[20]).toBe(20);
  expect(sorted(first.slice(21))).toEqual(all.slice(21));
  expect(first.slice(0, 20)).not.toEqual(all.slice(0, 20));
  expect(select(1)).not.toEqual(first);
  expect(select(0)).toEqual(first);
});
