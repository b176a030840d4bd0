/**
 * What the store does on every S3 server, whatever the server knows. `npm test` asks it of the servers at hand; `npm run s3-servers` of
 * others too, which take minutes to get, and writes the table in `activities/store/SERVERS.md`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { createClient } from '../../../activities/store/s3/client.js';
import { removeLeftovers } from '../../../activities/store/s3/leftovers.js';
import { createStore } from '../../../activities/store/store.js';
import type { Store } from '../../../activities/store/types.js';
import { prepareBucket, type S3Access } from '../../../infra/s3/access.js';

export interface ServerCheck {
  readonly name: string;
  /** @param access as `prepareBucket` returned it. Rejects with what is wrong. */
  run(access: S3Access): Promise<void>;
}

/** Stores with caches of their own, as on several machines; the caches are removed at the end. */
async function withStores(access: S3Access, use: (open: () => Store, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'reft-check-'));
  let caches = 0;
  const open = (): Store =>
    createStore({ ...access, cacheDirectory: join(folder, `cache-${caches++}`), cacheBytes: 2 ** 30 });
  try {
    await use(open, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `use` with the test's own requests, to see and change what the store did. */
async function withRequests<T>(
  access: S3Access,
  use: (client: ReturnType<typeof createClient>) => Promise<T>,
): Promise<T> {
  const client = createClient(access);
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

const roundTrips: ServerCheck = {
  name: 'objects of 0 bytes to 20 MB come back whole, from memory and from files',
  run: (access) =>
    withStores(access, async (open, folder) => {
      for (const size of [0, 1000, 300_000, 20_000_000]) {
        const bytes = randomBytes(size);
        const ref = await open().putBytes(bytes);
        const path = join(folder, 'file');
        await writeFile(path, bytes);
        assert.deepEqual(await open().putFile(path), ref);
        assert.ok(bytes.equals(await open().getBytes(ref)), `${size} bytes came back changed`);
      }
    }),
};

const atOnce: ServerCheck = {
  name: 'eight writers of one object at once, and readers meanwhile, all see its content',
  run: (access) =>
    withStores(access, async (open) => {
      for (const size of [1000, 9_000_000]) {
        const bytes = randomBytes(size);
        await Promise.all(
          Array.from({ length: 8 }, async () => {
            const ref = await open().putBytes(bytes);
            assert.ok(bytes.equals(await open().getBytes(ref)), `${size} bytes were read otherwise`);
          }),
        );
      }
    }),
};

const names: ServerCheck = {
  name: 'published names are replaced, saved to files, and null where there is none',
  run: (access) =>
    withStores(access, async (open, folder) => {
      const store = open();
      assert.equal(await store.read('runs/none/report.html'), null);
      assert.equal(await store.saveTo('runs/none/report.html', join(folder, 'none')), false);
      for (const text of ['one', 'two']) await store.publish('runs/a/report.html', Buffer.from(text));
      assert.equal(Buffer.from((await store.read('runs/a/report.html')) ?? []).toString(), 'two');
      const large = randomBytes(9_000_000);
      const path = join(folder, 'model');
      await writeFile(path, large);
      await store.publish('runs/a/model/model.safetensors', { file: path });
      const saved = join(folder, 'saved', 'model');
      assert.equal(await open().saveTo('runs/a/model/model.safetensors', saved), true);
      assert.ok(large.equals(await readFile(saved)));
    }),
};

const damage: ServerCheck = {
  name: 'a damaged object is told as such: by its name, a published one by its metadata',
  run: (access) =>
    withStores(access, async (open) => {
      const store = open();
      const ref = await store.putBytes(randomBytes(1000));
      await store.publish('runs/b/result.json', Buffer.from('{}'));
      const { Bucket, prefix } = { Bucket: access.bucket, prefix: access.prefix ?? '' };
      const told = { 'reft-sha256': '0'.repeat(64) };
      await withRequests(access, async (client) => {
        await client.send(new PutObjectCommand({ Bucket, Key: prefix + ref.key, Body: randomBytes(1000) }));
        await client.send(
          new PutObjectCommand({ Bucket, Key: `${prefix}runs/b/result.json`, Body: '{ }', Metadata: told }),
        );
      });
      await assert.rejects(open().getBytes(ref), { name: 'CorruptObject' });
      await assert.rejects(open().read('runs/b/result.json'), { name: 'CorruptObject' });
    }),
};

const neighbours: ServerCheck = {
  name: 'two prefixes of one bucket do not see each other',
  run: (access) => seeNotEachOther(access, 'team-b/'),
};

/** For servers that are run by every `npm test`. */
export const awkwardPrefix: ServerCheck = {
  name: 'a prefix may have characters that a server or a signature could read as something else',
  run: (access) => seeNotEachOther(access, "team b/ü+%20=&$@:,;#?~'()/"),
};

async function seeNotEachOther(access: S3Access, other: string): Promise<void> {
  const [a, b] = [
    { ...access, prefix: 'team-a/reft/' },
    { ...access, prefix: other },
  ];
  for (const one of [a, b]) await prepareBucket(one);
  await withStores(a, (openA) =>
    withStores(b, async (openB) => {
      const ref = await openA().putBytes(randomBytes(100));
      await openA().publish('runs/c/result.json', Buffer.from('of a'));
      assert.equal(await openB().read('runs/c/result.json'), null);
      await assert.rejects(openB().getBytes(ref), /the object is not there/);
      const own = await openB().putBytes(randomBytes(200));
      assert.equal((await openB().getBytes(own)).length, 200);
      // A place in full, as a specification names it, holds whatever the prefix is.
      const found = await openB().read('team-a/reft/runs/c/result.json', access.bucket);
      assert.equal(Buffer.from(found ?? []).toString(), 'of a');
    }),
  );
}

const leftovers: ServerCheck = {
  name: 'parts that a killed process left are removed, and nobody else’s',
  run: async (access) => {
    const Bucket = access.bucket;
    const mine = { ...access, prefix: 'leftovers/' };
    await withRequests(access, async (client) => {
      const begin = async (Key: string) => {
        const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
        const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: randomBytes(1000) });
        return () => client.send(part);
      };
      const [own, foreign] = [await begin('leftovers/objects/abandoned'), await begin('others/objects/running')];
      await own();
      assert.equal(await removeLeftovers(mine), 0, 'the server says of an upload of this moment that it is old');
      // The server's clock counts whole seconds, and may be ahead.
      assert.equal(
        await removeLeftovers(mine, -60_000),
        1,
        'the server does not list an upload by what its key begins with',
      );
      await assert.rejects(own(), { name: 'NoSuchUpload' }, 'the server takes parts of an upload that has been ended');
      await foreign();
    });
  },
};

export const serverChecks: readonly ServerCheck[] = [roundTrips, atOnce, names, damage, neighbours, leftovers];
