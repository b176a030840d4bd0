/** The store against a real S3 server: what is written is read back, whole and checked. */
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256OfBytes } from '../../../activities/store/digest.js';
import { connect } from '../../../activities/store/s3/requests.js';
import { createStore, type StoreOptions } from '../../../activities/store/store.js';
import { clientOf, replaceObject, type S3Server, startS3 } from './s3Server.js';

let server: S3Server;
let folders = 0;
beforeAll(async () => {
  server = await startS3();
});
afterAll(() => server.close());

/** A store as a process on another machine has it: with an empty cache. */
function freshStore(options: Partial<StoreOptions> = {}) {
  folders += 1;
  const cacheDirectory = join(server.directory, `cache-${folders}`);
  return { store: createStore({ ...server.access, cacheDirectory, cacheBytes: 2 ** 30, ...options }), cacheDirectory };
}

async function newFile(bytes: Uint8Array): Promise<string> {
  const path = join(server.directory, `file-${sha256OfBytes(bytes).slice(0, 8)}`);
  await writeFile(path, bytes);
  return path;
}

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[position] = (copy[position] ?? 0) ^ 1;
  return copy;
}

/** Changes a bit of a read-only cached copy in place. */
async function flipByte(path: string, position: number): Promise<void> {
  const bytes = await readFile(path);
  await chmod(path, 0o644);
  await writeFile(path, flipped(bytes, position));
}

async function headOf(key: string) {
  return clientOf(server.access).send(new HeadObjectCommand({ Bucket: server.access.bucket, Key: key }));
}

describe('round trips', () => {
  test.each([0, 1, 1000, 300_000, 9_000_000])('%i bytes, from memory and from a file', async (size) => {
    const bytes = randomBytes(size);
    const { store } = freshStore();
    const ref = await store.putBytes(bytes);
    expect(ref).toEqual({ key: `objects/${sha256OfBytes(bytes)}`, sha256: sha256OfBytes(bytes), bytes: size });
    expect(await store.putFile(await newFile(bytes))).toEqual(ref);
    const other = freshStore().store;
    expect(bytes.equals(await other.getBytes(ref))).toBe(true);
    expect(bytes.equals(await readFile(await other.getFile(ref)))).toBe(true);
  });

  test('JSON is canonical and lines keep their order', async () => {
    const { store } = freshStore();
    const ref = await store.putJson({ b: [1, { d: 'ü', c: null }], a: 0.1 });
    expect(await store.putJson({ a: 0.1, b: [1, { c: null, d: 'ü' }] })).toEqual(ref);
    const lines = await store.putLines([{ id: 2 }, 'line\nbreak', { id: 1 }]);
    const none = await store.putLines([]);
    const other = freshStore().store;
    expect(await other.getJson(ref)).toEqual({ a: 0.1, b: [1, { c: null, d: 'ü' }] });
    expect(await other.getLines(lines)).toEqual([{ id: 2 }, 'line\nbreak', { id: 1 }]);
    expect(await other.getLines(none)).toEqual([]);
  });

  test('a file given to the store is moved into its cache, and concurrent readers share one download', async () => {
    const { store, cacheDirectory } = freshStore();
    const path = await newFile(randomBytes(5000));
    const ref = await store.putFile(path);
    await expect(stat(path)).rejects.toThrow('ENOENT');
    expect(await store.getFile(ref)).toBe(join(cacheDirectory, 'objects', ref.sha256));
    const other = freshStore();
    const paths = await Promise.all(Array.from({ length: 5 }, () => other.store.getFile(ref)));
    expect(new Set(paths).size).toBe(1);
    expect(await readdir(join(other.cacheDirectory, 'incoming'))).toEqual([]);
  });

  test('a file of 20 MB goes up in parts', async () => {
    const bytes = randomBytes(20_000_000);
    const ref = await freshStore().store.putFile(await newFile(bytes));
    const { ETag, ContentLength } = await headOf(ref.key);
    expect([ETag, ContentLength]).toEqual([expect.stringMatching(/-3"$/), 20_000_000]);
    expect(bytes.equals(await freshStore().store.getBytes(ref))).toBe(true);
  });
});

describe('writing what is there', () => {
  test.each([1000, 400_000, 9_000_000])('%i bytes written by eight at once', async (size) => {
    const bytes = randomBytes(size);
    const refs = await Promise.all(Array.from({ length: 8 }, () => freshStore().store.putBytes(bytes)));
    expect(new Set(refs.map((ref) => ref.sha256)).size).toBe(1);
    expect(bytes.equals(await freshStore().store.getBytes(await freshStore().store.putBytes(bytes)))).toBe(true);
  });

  test.each([1000, 9_000_000])('a conditional write of %i bytes leaves what is there', async (size) => {
    const s3 = connect(server.access);
    const options = { bytes: size, contentType: 'text/plain', onlyIfAbsent: true };
    const first = randomBytes(size);
    await s3.put(`names/${size}`, first, options);
    await s3.put(`names/${size}`, randomBytes(size), options);
    expect(first.equals((await freshStore().store.read(`names/${size}`)) ?? Buffer.of())).toBe(true);
  });

  test('an object truncated on the server is replaced', async () => {
    const bytes = randomBytes(400_000);
    const ref = await freshStore().store.putBytes(bytes);
    await replaceObject(server.access, ref.key, bytes.subarray(0, 100));
    await freshStore().store.putBytes(bytes);
    expect(bytes.equals(await freshStore().store.getBytes(ref))).toBe(true);
  });
});

describe('damage', () => {
  test('a flipped bit on the server is a CorruptObject naming key, expected and got', async () => {
    const bytes = randomBytes(5000);
    const ref = await freshStore().store.putBytes(bytes);
    await replaceObject(server.access, ref.key, flipped(bytes, 1234));
    const got = sha256OfBytes(flipped(bytes, 1234));
    const { store, cacheDirectory } = freshStore();
    for (const read of [store.getBytes, store.getFile, store.getJson])
      await expect(read(ref)).rejects.toMatchObject({
        name: 'CorruptObject',
        message: `object ${ref.key} is corrupt: expected sha256 ${ref.sha256}, got ${got}`,
      });
    expect(await readdir(join(cacheDirectory, 'incoming'))).toEqual([]);
  });

  test('a truncated, a missing and a mistaken object are CorruptObjects', async () => {
    const { store } = freshStore();
    const ref = await store.putBytes(Buffer.from('{"not": "lines"\n'));
    await expect(store.getJson(ref)).rejects.toMatchObject({ name: 'CorruptObject' });
    await expect(store.getLines(ref)).rejects.toThrow('expected JSON on line 1');
    await replaceObject(server.access, ref.key, Buffer.from('{"n'));
    await expect(freshStore().store.getBytes(ref)).rejects.toMatchObject({ name: 'CorruptObject' });
    await clientOf(server.access).send(new DeleteObjectCommand({ Bucket: server.access.bucket, Key: ref.key }));
    await expect(freshStore().store.getBytes(ref)).rejects.toThrow('got nothing: the object is not there');
  });

  test('a damaged cached copy is fetched again', async () => {
    const bytes = randomBytes(5000);
    const { store, cacheDirectory } = freshStore();
    const ref = await store.putBytes(bytes);
    const copy = await store.getFile(ref);
    const { atime, mtime } = await stat(copy);

    await rm(copy);
    await writeFile(copy, bytes.subarray(0, 100));
    expect(bytes.equals(await readFile(await store.getFile(ref)))).toBe(true);

    await flipByte(copy, 7);
    await utimes(copy, atime, new Date(mtime.getTime() + 60_000));
    expect(bytes.equals(await readFile(await store.getFile(ref)))).toBe(true);

    // Same size and time: only a process that has not seen the copy yet, or a read of its bytes, can tell.
    await flipByte(copy, 7);
    await utimes(copy, atime, (await stat(copy)).mtime);
    expect(bytes.equals(await store.getBytes(ref))).toBe(true);
    await flipByte(copy, 7);
    expect(bytes.equals(await readFile(await freshStore({ cacheDirectory }).store.getFile(ref)))).toBe(true);
  });
});

describe('names', () => {
  test('are replaced, read back, and null when absent', async () => {
    const { store } = freshStore();
    expect(await store.read('runs/a/report.html')).toBeNull();
    await store.publish('runs/a/report.html', Buffer.from('one'));
    await store.publish('runs/a/report.html', { file: await newFile(Buffer.from('two')) });
    expect(String(Buffer.from((await store.read('runs/a/report.html')) ?? []))).toBe('two');
    await expect(store.publish('objects/abc', Buffer.of())).rejects.toThrow('immutable');
  });

  test.each([
    ['report.html', 'text/html; charset=utf-8'],
    ['result.json', 'application/json'],
    ['samples.jsonl', 'application/jsonl; charset=utf-8'],
    ['model.safetensors', 'application/octet-stream'],
  ])('%s is served as %s', async (name, type) => {
    await freshStore().store.publish(`runs/types/${name}`, Buffer.from('x'));
    const head = await headOf(`runs/types/${name}`);
    expect(head.ContentType).toBe(type);
  });
});

describe('faults say what to check and keep credentials to themselves', () => {
  const wrong = { accessKeyId: 'another-access-key', secretAccessKey: 'another-secret-key' };
  test.each<[string, () => Promise<Partial<StoreOptions>>, RegExp]>([
    [
      'no server',
      async () => ({ endpoint: `http://user:pass@127.0.0.1:${await getPort()}` }),
      /cannot be reached \(ECONNREFUSED\).*S3_ENDPOINT/,
    ],
    [
      'wrong secret',
      async () => ({
        credentials: {
          accessKeyId: server.access.credentials?.accessKeyId ?? '',
          secretAccessKey: wrong.secretAccessKey,
        },
      }),
      /refused the credentials/,
    ],
    ['unknown key', async () => ({ credentials: wrong }), /refused the credentials/],
  ])('%s', async (_, options, message) => {
    const { store } = freshStore(await options());
    const ref = { key: 'objects/0', sha256: '0', bytes: 1 };
    for (const call of [() => store.putBytes(Buffer.of(1)), () => store.getBytes(ref), () => store.read('runs/a/b')]) {
      const error: unknown = await call().catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: expect.stringMatching(/^Store/), message: expect.stringMatching(message) });
      const told = inspect(error, { depth: null, showHidden: true });
      const own = server.access.credentials?.secretAccessKey ?? '';
      expect(own).not.toBe('');
      for (const secret of [own, ...Object.values(wrong), 'user:pass']) expect(told).not.toContain(secret);
    }
  });

  test('set-up that cannot work is refused at once', () => {
    expect(() => freshStore({ bucket: '' })).toThrow('S3_BUCKET');
    expect(() => freshStore({ endpoint: 'localhost:9000' })).toThrow('got "localhost:9000"');
  });
});

test('appending to a copy in the cache does not reach readers', async () => {
  const { store, cacheDirectory } = freshStore();
  const ref = await store.putBytes(Buffer.from('abc'));
  await appendFile(join(cacheDirectory, 'objects', ref.sha256), 'd').catch(() => undefined);
  expect(String(Buffer.from(await store.getBytes(ref)))).toBe('abc');
});
