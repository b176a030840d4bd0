/** Versions of forms: what has none is of the first, older ones are upgraded step by step, newer ones refused. */
import { describe, expect, it } from 'vitest';
import { readExamples } from '../../activities/examples.js';
import {
  type Format,
  formats,
  readResult,
  upgrade,
  upgraderFrom,
  versionField,
  versionOf,
} from '../../activities/formats.js';
import { createMemoryStore } from './data/memoryStore.js';

/** Version 2 calls `steps` `updates`, version 3 counts them from 1. */
const format: Format = {
  name: 'a thing',
  upgrades: [
    ({ steps, ...others }) => ({ ...others, updates: steps }),
    ({ updates, ...others }) => ({ ...others, updates: Number(updates) + 1 }),
  ],
};

describe('a form', () => {
  it('is upgraded from each version, the first being that of what says none', () => {
    const upgraded = { name: 'x', updates: 8 };
    expect(upgrade(format, { name: 'x', steps: 7 }, 'it')).toEqual(upgraded);
    expect(upgrade(format, { name: 'x', steps: 7, version: 1 }, 'it')).toEqual(upgraded);
    expect(upgrade(format, { name: 'x', updates: 7, version: 2 }, 'it')).toEqual(upgraded);
    expect(upgrade(format, { ...upgraded, version: 3 }, 'it')).toEqual(upgraded);
    expect(upgraderFrom(format, 2, 'it')({ updates: 1 })).toEqual({ updates: 2 });
  });

  it.each([4, 0, 1.5, '1', null])('of version %j is refused by name', (version) => {
    expect(() => upgrade(format, { version }, 'objects/1')).toThrow(
      `objects/1 is a thing of version ${JSON.stringify(version)}; this ReFT knows versions 1 to 3`,
    );
  });

  it('has a field where it is named by its content from version 2 on, so that the bytes of version 1 stay', () => {
    expect(versionField({ name: 'a thing', upgrades: [] })).toEqual({});
    expect(versionField(format)).toEqual({ version: 3 });
    // The hash of a run's checkpoint depends on it.
    expect([versionField(formats.checkpoint), versionField(formats.dataSet)]).toEqual([{}, {}]);
  });

  it('of a result is that of today', () => {
    expect(readResult(format, { steps: 7 })).toEqual({ updates: 8, version: 3 });
    expect(readResult(formats.runResult, { runId: 'a' })).toEqual({
      runId: 'a',
      version: versionOf(formats.runResult),
    });
  });
});

describe('a data set', () => {
  const example = { id: 'a', question: '1+1', prompt: '1+1', promptTokens: [1], answerValue: 2 };

  it('without a version is read; one of a later version is refused', async () => {
    const store = createMemoryStore();
    const ref = { ...(await store.putLines([example])), count: 1 };
    expect(await readExamples(store, { ...ref })).toEqual([example]);
    const later = { ...(await store.putLines([{ ...example, id: 'b' }])), count: 1, version: 2 };
    await expect(readExamples(store, later)).rejects.toMatchObject({
      name: 'IncompatibleVersion',
      message: expect.stringMatching(
        /^objects\/[0-9a-f]+ is a data set of version 2; this ReFT knows version 1 alone$/,
      ),
    });
  });
});
