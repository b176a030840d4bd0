/** Data sets as activities read them: those asked for last are parsed once. */
import { expect, it } from 'vitest';
import type { Store } from '../../activities/store/types.js';
import { readExamples } from '../../activities/trainingSteps.js';
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
