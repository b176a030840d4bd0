/**
 * Reads that come back wrong although the object is sound, from a real S3 server behind a front that spoils some of them, and reads
 * of what is damaged indeed.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Log } from '../../../activities/log.js';
import { createStore } from '../../../activities/store/store.js';
import { type Asked, type Front, type FrontOptions, startFront } from './pickyFront.js';
import { replaceObject, type S3Server, startS3 } from './s3Server.js';

let server: S3Server;
let front: Front | undefined;
let folders = 0;
beforeAll(async () => {
  server = await startS3();
});
afterEach(async () => {
  await front?.close();
  front = undefined;
});
afterAll(() => server.close());

const bytes = randomBytes(300_000);
const missing = [404, 'NoSuchKey'] as const;

interface Faulty {
  readonly store: ReturnType<typeof createStore>;
  readonly cacheDirectory: string;
  /** The reads that came in, by their connections. */
  reads(): readonly (number | undefined)[];
  readonly told: string[];
}

/** A store with an empty cache whose requests pass a front. */
async function openBehind(options: Partial<FrontOptions> = {}): Promise<Faulty> {
  front = await startFront(server.access.endpoint ?? '', { rules: [], ...options });
  const { endpoint, asked } = front;
  folders += 1;
  const cacheDirectory = join(server.directory, `cache-${folders}`);
  const told: string[] = [];
  const log: Log = (level, message) => told.push(`${level}: ${message}`);
  return {
    store: createStore({ ...server.access, endpoint, cacheDirectory, cacheBytes: 2 ** 30, log }),
    cacheDirectory,
    reads: () => asked.filter(({ method }) => method === 'GET').map(({ connection }) => connection),
    told,
  };
}

/** True for the first `count` reads. */
function firstReads(count: number): (request: Asked) => boolean {
  let reads = 0;
  return ({ method }) => method === 'GET' && ++reads <= count;
}

test.each([1, 2])('a bit flipped in %i answers ends nothing: it is read again by other connections', async (count) => {
  const ref = await (await openBehind()).store.putBytes(bytes);
  await front?.close();
  const { store, reads, cacheDirectory, told } = await openBehind({ flips: firstReads(count) });
  expect(bytes.equals(await store.getBytes(ref))).toBe(true);
  expect(reads()).toHaveLength(count + 1);
  expect(new Set(reads()).size).toBe(count + 1);
  expect(await readdir(join(cacheDirectory, 'incoming'))).toEqual([]);
  expect(told).toEqual(Array(count).fill('warn: object was read wrong; reading it again'));
});

test('one 404 of an object that is there ends nothing', async () => {
  const ref = await (await openBehind()).store.putBytes(bytes);
  await front?.close();
  const isFirst = firstReads(1);
  const { store } = await openBehind({ rules: [(request) => (isFirst(request) ? missing : undefined)] });
  expect(bytes.equals(await readFile(await store.getFile(ref)))).toBe(true);
});

test('a published object survives a flipped bit and a 404 as well', async () => {
  await (await openBehind()).store.publish('runs/a/result.json', bytes);
  await front?.close();
  const flips = firstReads(1);
  const spoiled = await openBehind({ flips });
  expect(bytes.equals((await spoiled.store.read('runs/a/result.json')) ?? Buffer.of())).toBe(true);
  await front?.close();
  const isFirst = firstReads(1);
  const { store } = await openBehind({ rules: [(request) => (isFirst(request) ? missing : undefined)] });
  const copy = join(server.directory, 'copy');
  expect(await store.saveTo('runs/a/result.json', copy)).toBe(true);
  expect(bytes.equals(await readFile(copy))).toBe(true);
});

test('what is not there is asked for twice, without a warning', async () => {
  const { store, reads, told } = await openBehind();
  expect(await store.read('runs/none/result.json')).toBeNull();
  expect(new Set(reads()).size).toBe(2);
  expect(told).toEqual([]);
});

test('a damaged object is final once three reads by three connections agree', async () => {
  const ref = await (await openBehind()).store.putBytes(bytes);
  await front?.close();
  await replaceObject(server.access, ref.key, Buffer.from('something else'));
  const { store, reads } = await openBehind();
  await expect(store.getBytes(ref)).rejects.toMatchObject({ name: 'CorruptObject', key: ref.key });
  expect(reads()).toHaveLength(3);
  expect(new Set(reads()).size).toBe(3);
  await replaceObject(server.access, ref.key, bytes);
});

test('reads that never agree are no verdict on the object: it is tried again later', async () => {
  const ref = await (await openBehind()).store.putBytes(bytes);
  await front?.close();
  let reads = 0;
  // Flipped and missing in turn.
  const { store } = await openBehind({
    flips: () => true,
    rules: [({ method }) => (method === 'GET' && ++reads % 2 === 0 ? missing : undefined)],
  });
  await expect(store.getBytes(ref)).rejects.toMatchObject({
    name: 'StoreUnavailable',
    message: expect.stringContaining(`${ref.key} was read 6 times`),
  });
});
