/** Rounds that are kept, as a person is told of them. */
import { describe, expect, it } from 'vitest';
import { findKept, listRounds, writeKept, writeNote } from '../../../activities/retention/notes.js';
import { createMemoryStore } from '../data/memoryStore.js';

const checkpoint = { key: 'objects/0', sha256: '0', bytes: 1, step: 1, weightBytes: 1 };

describe('kept rounds', () => {
  it.each([
    [[], 0, [0]],
    [[1, 2, 3, 4, 5, 6, 7], 0, [0, 1, 2, 3, 4, 5, 6, 7]],
    [[6, 7], 5, [5, 6, 7]],
  ])('are %j from round %i on, where nothing was collected', async (noted, first, kept) => {
    const store = createMemoryStore();
    for (const round of noted) await writeNote(store, `runs/r/rounds/${round}.json`, { round, checkpoint });
    expect(await findKept(store, 'r', first)).toEqual(kept);
  });

  it('are those that the collection left, and all that came later', async () => {
    const store = createMemoryStore();
    for (const round of [10, 19, 20, 21, 22])
      await writeNote(store, `runs/r/rounds/${round}.json`, { round, checkpoint });
    await writeKept(store, 'runs/r', { rounds: [10, 19, 20], last: 20 });
    expect(await findKept(store, 'r', 0)).toEqual([0, 10, 19, 20, 21, 22]);
  });

  it('are listed in spans', () => {
    expect(listRounds([0, 10, 19, 20, 21, 30])).toBe('0, 10, 19 to 21, 30');
    expect(listRounds([])).toBe('');
  });
});
