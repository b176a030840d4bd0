/** An object is written and removed at the same time: at every moment that the one can strike the other, it is there in the end. */
import { expect, it } from 'vitest';
import { keepFromRemoval, removeUnlessWritten } from '../../../activities/store/removal.js';
import type { S3 } from '../../../activities/store/s3/requests.js';
import type { Upkeep } from '../../../activities/store/s3/upkeep.js';

const ref = { key: 'objects/a', sha256: 'a', bytes: 3 };
const long = 1_000;

/** A server whose requests each tell `onRequest` before they are done. */
function server(onRequest: (request: string) => Promise<void>) {
  const objects = new Map([[ref.key, { bytes: 3, written: long }]]);
  let now = 2_000;
  const ask = async (request: string): Promise<void> => onRequest(request);
  const upkeep: Pick<Upkeep, 'written' | 'put' | 'remove'> = {
    async written(key) {
      await ask(`look ${key}`);
      return objects.get(key)?.written ?? null;
    },
    async put(key) {
      await ask(`mark ${key}`);
      objects.set(key, { bytes: 0, written: now });
    },
    async remove(key) {
      await ask(`remove ${key}`);
      objects.delete(key);
    },
  };
  const examine: S3['examine'] = async (key) => {
    const found = objects.get(key);
    return found ? { bytes: found.bytes, ageMs: now - found.written } : null;
  };
  const s3: Pick<S3, 'examine' | 'size'> = { examine, size: async (key) => objects.get(key)?.bytes ?? null };
  const put = async (): Promise<void> => {
    now += 1_000;
    objects.set(ref.key, { bytes: 3, written: now });
  };
  return {
    objects,
    remove: () => removeUnlessWritten(upkeep as Upkeep, 'a', long),
    write: () => keepFromRemoval(s3 as S3, ref, put),
  };
}

it('is removed, and its mark with it, when nobody writes', async () => {
  const { objects, remove } = server(async () => undefined);
  expect(await remove()).toBe(true);
  expect(objects.size).toBe(0);
});

it.each(['mark condemned/a', 'look objects/a', 'remove objects/a', 'remove condemned/a'])(
  'stays when it is written just before "%s"',
  async (moment) => {
    let writing: Promise<void> | undefined;
    const { objects, remove, write } = server(async (request) => {
      if (request !== moment || writing) return;
      writing = write();
      // So far that it waits for the mark, or has ended.
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await remove();
    await writing;
    expect(objects.get(ref.key)?.bytes).toBe(3);
    expect(objects.has('condemned/a')).toBe(false);
  },
);
