/** The cache's bound: the least recently used go first, what was just handed out stays, and processes may share it. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { at } from '../../../activities/invariant.js';
import { createCache } from '../../../activities/store/cache.js';
import { sha256OfBytes } from '../../../activities/store/digest.js';

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

async function bytesHeld(folder: string): Promise<number> {
  const names = await readdir(join(folder, 'objects'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, 'objects', name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
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

test('the copies used least recently go first, whatever order they came in', async () => {
  const folder = join(directory, 'order');
  // Room for ten copies, and what has been added is measured at each addition.
  const cache = createCache(folder, 1_000_000);
  const added: { sha256: string; path: string }[] = [];
  for (let index = 0; index < 9; index++) added.push(await add(cache, 100_000));
  // From the one used last to the one used first; the modification times say the opposite, and the names anything.
  const byUse = [4, 0, 7, 2, 8, 1, 6, 3, 5].map((index) => at(added, index));
  for (const [rank, { path }] of byUse.entries())
    await utimes(path, new Date(hourAgo().getTime() - rank * 60_000), new Date(hourAgo().getTime() + rank * 60_000));
  const latest = await add(cache, 350_000);
  // 1,250,000 bytes come down to 950,000 at most: the three used longest ago make room, and no more.
  const stay = byUse.slice(0, 6);
  expect((await readdir(join(folder, 'objects'))).sort()).toEqual([latest, ...stay].map(({ sha256 }) => sha256).sort());
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

test('three processes sharing a small folder never see a damaged or half-written copy', async () => {
  const folder = join(directory, 'shared');
  const script = new URL('./cacheProcess.ts', import.meta.url).pathname;
  const runs = await Promise.all(
    [1, 2, 3].map(() => promisify(execFile)(process.execPath, ['--import', 'tsx', script, folder])),
  );
  for (const { stdout } of runs) expect(JSON.parse(stdout)).toMatchObject({ damaged: 0, used: expect.any(Number) });
  expect(await bytesHeld(folder)).toBeLessThanOrEqual(60 * 20_000);
});
