/** A checkpoint's manifest: what is refused, and which files go up. */
import { describe, expect, test } from 'vitest';
import { readManifest, writeCheckpoint } from '../../../activities/store/checkpoint.js';
import type { ObjectRef, Store } from '../../../activities/store/types.js';
import { createMemoryStore } from '../data/memoryStore.js';
import { tinyConfig } from '../engine/support/tinyConfig.js';

const object = (letter: string): ObjectRef => ({ key: `objects/${letter}`, sha256: letter.repeat(64), bytes: 1 });

const manifest = {
  kind: 'checkpoint',
  config: tinyConfig,
  parameters: object('a'),
  step: 3,
  tokenizer: object('b'),
  randomKeys: { seed: 1 },
};

async function read(changes: object, step = 3): Promise<unknown> {
  const store = createMemoryStore();
  return readManifest(store, { ...(await store.putJson({ ...manifest, ...changes })), step });
}

describe('a manifest', () => {
  test('is read as it was written', async () => {
    expect(await read({})).toEqual(manifest);
  });

  test.each([
    ['another kind', { kind: 'model' }, /kind/],
    ['an unknown field', { colour: 'red' }, /colour/],
    ['a model that the engine does not know', { config: { ...tinyConfig, model_type: 'mamba' } }, /mamba/],
    ['a hash that is none', { tokenizer: { ...object('b'), sha256: 'B' } }, /tokenizer.sha256/],
    ['a negative step', { step: -1 }, /step/],
  ])('with %s is corrupt, and says so', async (_, changes, message) => {
    await expect(read(changes)).rejects.toMatchObject({
      name: 'CorruptObject',
      message: expect.stringMatching(message),
    });
  });

  test('without a version is of the first, which today’s code writes; one of a later version is refused', async () => {
    expect(await read({ version: 1 })).toEqual(manifest);
    await expect(read({ version: 2, colour: 'red' })).rejects.toMatchObject({
      name: 'IncompatibleVersion',
      message: expect.stringMatching(
        /^objects\/[0-9a-f]+ is a checkpoint of version 2; this ReFT knows version 1 alone$/,
      ),
    });
  });

  test('of another step than its reference says is corrupt', async () => {
    await expect(read({}, 4)).rejects.toThrow('expected step 4, as its reference says, got step 3');
  });

  test('names the base that is there only where adapters were trained on it', async () => {
    const uploads: string[] = [];
    const store: Store = {
      ...createMemoryStore(),
      putFile: async (path) => {
        uploads.push(path);
        return object('c');
      },
    };
    const parts = { config: tinyConfig, parameters: 'weights', step: 3, tokenizer: object('b'), randomKeys: {} };
    const lora = { rank: 1, alpha: 1, targetModules: 'all-linear' as const };
    const adapted = await writeCheckpoint(store, {
      ...parts,
      base: object('a'),
      adapters: { file: 'adapters', lora },
    });
    expect(uploads.splice(0)).toEqual(['adapters']);
    expect(await readManifest(store, adapted)).toMatchObject({ parameters: object('a'), adapters: { lora } });
    const whole = await writeCheckpoint(store, { ...parts, base: object('a') });
    expect(uploads).toEqual(['weights']);
    expect(await readManifest(store, whole)).toMatchObject({ parameters: object('c') });
  });
});
