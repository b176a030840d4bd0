/** The store with the server's process and disk in the test's hands: killed during an upload, bits changed behind its back. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256OfBytes } from '../../../activities/store/digest.js';
import { createStore } from '../../../activities/store/store.js';
import { findVersitygw, type ServerInHand, startServerInHand } from './s3Server.js';

const executable = await findVersitygw();

describe.skipIf(executable === null)('with versitygw (skipped where it is neither on PATH nor can be built)', () => {
  let server: ServerInHand;
  let folders = 0;
  beforeAll(async () => {
    server = await startServerInHand(executable ?? '');
  });
  afterAll(() => server.close());

  function freshStore(bucket = server.access.bucket) {
    folders += 1;
    const cacheDirectory = join(server.directory, `cache-${folders}`);
    return createStore({ ...server.access, bucket, cacheDirectory, cacheBytes: 2 ** 30 });
  }

  async function newFile(bytes: Uint8Array): Promise<string> {
    const path = join(server.directory, 'file');
    await writeFile(path, bytes);
    return path;
  }

  test('a server killed during an upload leaves nothing partial, and the retry succeeds', async () => {
    const bytes = randomBytes(100_000_000);
    const sha256 = sha256OfBytes(bytes);
    const ref = { key: `objects/${sha256}`, sha256, bytes: bytes.length };
    const upload = freshStore()
      .putFile(await newFile(bytes))
      .then(
        () => 'uploaded',
        (error: unknown) => error,
      );
    const parts = server.objectPath('.sgwtmp/multipart');
    while ((await readdir(parts, { recursive: true }).catch(() => [])).length < 3) await sleep(1);
    await server.kill();
    expect(await upload).toMatchObject({ name: 'StoreUnavailable' });
    await server.start();
    await expect(freshStore().getBytes(ref)).rejects.toThrow('got nothing: the object is not there');
    await freshStore().putFile(await newFile(bytes));
    expect(bytes.equals(await freshStore().getBytes(ref))).toBe(true);
  });

  test.each([1000, 400_000, 9_000_000])('%i bytes that are there are not written again', async (size) => {
    const bytes = randomBytes(size);
    const ref = await freshStore().putBytes(bytes);
    const { mtimeMs, ino } = await stat(server.objectPath(ref.key));
    await freshStore().putBytes(bytes);
    expect(await stat(server.objectPath(ref.key))).toMatchObject({ mtimeMs, ino });
  });

  test("a bit changed on the server's disk is a CorruptObject", async () => {
    const bytes = randomBytes(5000);
    const ref = await freshStore().putBytes(bytes);
    const path = server.objectPath(ref.key);
    bytes[1234] = (bytes[1234] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(freshStore().getBytes(ref)).rejects.toMatchObject({
      name: 'CorruptObject',
      message: `object ${ref.key} is corrupt: expected sha256 ${ref.sha256}, got ${sha256OfBytes(await readFile(path))}`,
    });
  });

  // SeaweedFS makes a missing bucket on the first write.
  test('a missing bucket is told as such', async () => {
    const store = freshStore('absent');
    const ref = { key: 'objects/0', sha256: '0', bytes: 1 };
    for (const call of [() => store.putBytes(Buffer.of(1)), () => store.getBytes(ref), () => store.read('runs/a/b')])
      await expect(call()).rejects.toMatchObject({
        name: 'StoreRefused',
        message: expect.stringContaining('has no bucket absent: create it, or check S3_BUCKET'),
      });
  });
});
