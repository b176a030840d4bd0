/** The cache: its bound (the least recently used go first, what was just handed out stays) and its checks. */
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at } from '../../../activities/invariant.js';
import { createCache } from '../../../activities/store/cache.js';
import { sha256OfBytes } from '../../../activities/store/digest.js';
import { bytesHeld } from './bytesHeld.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-cache-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const hourAgo = () => new Date(Date.now() - 3_600_000);

async function add(cache: ReturnType<typeof createCache>, size: number): Promise<{ sha256: string; path: string }> {
  const bytes = randomBytes(size);
  const temporary = await cache.temporaryPath();
  await writeFile(temporary, bytes);
  const sha256 = sha256OfBytes(bytes);
  return { sha256, path: await cache.adopt(temporary, sha256) };
}

test('copies not used for a while make room, oldest first, and the bound holds', async () => {
  const folder = join(directory, 'bound');
  const cache = createCache(folder, 1_000_000);
  const kept = await add(cache, 100_000);
  for (let index = 0; index < 40; index++) {
    const { path } = await add(cache, 100_000);
    const used = new Date(hourAgo().getTime() + index * 1000);
    await utimes(path, used, used);
    expect(await cache.find(kept.sha256, 100_000)).toBe(kept.path);
    expect(await bytesHeld(folder)).toBeLessThanOrEqual(1_000_000);
  }
  expect(await bytesHeld(folder)).toBeGreaterThan(800_000);
});

// From the one used last to the one used first.
test.each([[[4, 0, 7, 2, 8, 1, 6, 3, 5]], [[5, 3, 6, 1, 8, 2, 7, 0, 4]], [[0, 1, 2, 3, 4, 5, 6, 7, 8]]])(
  'the copies used least recently go first, whatever order they came in: %j',
  async (order) => {
    const folder = await mkdtemp(join(directory, 'order-'));
    // Room for ten copies, and what has been added is measured at each addition.
    const cache = createCache(folder, 1_000_000);
    const added: { sha256: string; path: string }[] = [];
    for (let index = 0; index < 9; index++) added.push(await add(cache, 100_000));
    // The modification times say the opposite.
    const byUse = order.map((index) => at(added, index));
    for (const [rank, { path }] of byUse.entries())
      await utimes(path, new Date(hourAgo().getTime() - rank * 60_000), new Date(hourAgo().getTime() + rank * 60_000));
    const latest = await add(cache, 350_000);
    // 1,250,000 bytes come down to 950,000 at most: the three used longest ago make room, and no more.
    const stay = byUse.slice(0, 6);
    expect((await readdir(join(folder, 'objects'))).sort()).toEqual(
      [latest, ...stay].map(({ sha256 }) => sha256).sort(),
    );
  },
);

test('the folder is measured again once a twentieth of the bound has been added', async () => {
  const folder = join(directory, 'measured');
  const cache = createCache(folder, 1_000_000);
  await add(cache, 100_000);
  // What another process left there long ago, and a folder, which is none of the cache's.
  const objects = join(folder, 'objects');
  const foreign = join(objects, 'foreign');
  await writeFile(foreign, randomBytes(900_000));
  await utimes(foreign, hourAgo(), hourAgo());
  await mkdir(join(objects, 'a-folder'));
  await utimes(join(objects, 'a-folder'), 0, 0);
  await add(cache, 40_000);
  await add(cache, 10_000);
  await expect(stat(foreign)).resolves.toBeDefined();
  await add(cache, 1);
  await expect(stat(foreign)).rejects.toThrow('ENOENT');
  await expect(stat(join(objects, 'a-folder'))).resolves.toBeDefined();
});

/** Changes a bit of a copy in place, and neither its size nor its modification time unless one is given. */
async function damage(path: string, modified?: Date): Promise<void> {
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  bytes[7] = at(bytes, 7) ^ 1;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
  await utimes(path, atime, modified ?? mtime);
}

describe('a copy', () => {
  test('that is not there is null, and a cache that cannot be read is an error', async () => {
    const cache = createCache(join(directory, 'nothing'), 1_000_000);
    expect(await cache.find('0'.repeat(64), 1)).toBeNull();
    const file = join(directory, 'no-folder');
    await writeFile(file, '');
    await expect(createCache(file, 1_000_000).find('0'.repeat(64), 1)).rejects.toThrow('ENOTDIR');
  });

  test('is hashed when a process first finds it, after that only when it was written to', async () => {
    const folder = join(directory, 'hashed');
    const cache = createCache(folder, 1_000_000);
    const { sha256, path } = await add(cache, 1000);
    const other = createCache(folder, 1_000_000);
    expect(await other.find(sha256, 1000)).toBe(path);
    await damage(path);
    // Both have seen it, the one that added it and the one that found it.
    expect(await cache.find(sha256, 1000)).toBe(path);
    expect(await other.find(sha256, 1000)).toBe(path);
    expect(await createCache(folder, 1_000_000).find(sha256, 1000)).toBeNull();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('that was written to is removed', async () => {
    const cache = createCache(join(directory, 'written'), 1_000_000);
    const { sha256, path } = await add(cache, 1000);
    await damage(path, hourAgo());
    expect(await cache.find(sha256, 1000)).toBeNull();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('of another size than expected is removed', async () => {
    const cache = createCache(join(directory, 'size'), 1_000_000);
    const { sha256, path } = await add(cache, 1000);
    expect(await cache.find(sha256, 999)).toBeNull();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('bears the time of its last use and the time it was added, in whole seconds, and is read-only', async () => {
    const cache = createCache(join(directory, 'times'), 1_000_000);
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { sha256, path } = await add(cache, 1000);
    const { mode, mtimeMs, atimeMs } = await stat(path);
    expect(mode & 0o777).toBe(0o444);
    for (const time of [mtimeMs, atimeMs]) {
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
    }
    expect(mtimeMs % 1000).toBe(0);
    await utimes(path, 0, mtimeMs / 1000);
    await cache.find(sha256, 1000);
    const found = await stat(path);
    expect(found.mtimeMs).toBe(mtimeMs);
    expect(found.atimeMs).toBeGreaterThanOrEqual(before);
    expect(found.atimeMs).toBeLessThanOrEqual(Date.now());
  });

  const memory = '/dev/shm';
  const isElsewhere = existsSync(memory) && statSync(memory).dev !== statSync(tmpdir()).dev;
  test.skipIf(!isElsewhere)('may come from another file system', async () => {
    const cache = createCache(join(directory, 'moved'), 1_000_000);
    const source = await mkdtemp(join(memory, 'reft-cache-'));
    try {
      await writeFile(join(source, 'file'), 'abc');
      const path = await cache.adopt(join(source, 'file'), sha256OfBytes(Buffer.from('abc')));
      expect(await readFile(path, 'utf8')).toBe('abc');
      expect(await readdir(source)).toEqual([]);
    } finally {
      await rm(source, { recursive: true });
    }
  });

  test('that cannot be moved is an error', async () => {
    const cache = createCache(join(directory, 'unmoved'), 1_000_000);
    await expect(cache.adopt(join(directory, 'nowhere'), '0')).rejects.toThrow('ENOENT');
  });
});

test('what was handed out lately stays, even above the bound', async () => {
  const folder = join(directory, 'recent');
  const cache = createCache(folder, 250_000);
  const added = [];
  for (let index = 0; index < 5; index++) added.push(await add(cache, 100_000));
  for (const { sha256, path } of added) expect(await cache.find(sha256, 100_000)).toBe(path);
  // Once they have rested, the next addition finds room; a use in another process counts as a use.
  for (const { path } of added) await utimes(path, hourAgo(), hourAgo());
  const [first] = added;
  if (first === undefined) throw new Error('nothing was added');
  expect(await createCache(folder, 250_000).find(first.sha256, 100_000)).toBe(first.path);
  await add(cache, 100_000);
  expect(await cache.find(first.sha256, 100_000)).toBe(first.path);
  expect(await bytesHeld(folder)).toBe(200_000);
});

test('what killed processes left half written is cleared away', async () => {
  const folder = join(directory, 'abandoned');
  const cache = createCache(folder, 1000);
  const [old, recent] = [await cache.temporaryPath(), await cache.temporaryPath()];
  await writeFile(old, 'half');
  await writeFile(recent, 'half');
  await utimes(old, hourAgo(), new Date(Date.now() - 2 * 3_600_000));
  await add(cache, 100);
  await expect(stat(old)).rejects.toThrow('ENOENT');
  await expect(stat(recent)).resolves.toBeDefined();
});
