/** A bucket whose objects are locked: the store writes, replaces and reads as ever, and clean-up leaves what it may not remove. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { required } from '../../../activities/invariant.js';
import { removeLeftovers } from '../../../activities/store/s3/leftovers.js';
import { openUpkeep } from '../../../activities/store/s3/upkeep.js';
import { createStore } from '../../../activities/store/store.js';
import { prepareBucket, type S3Access } from '../../../infra/s3/access.js';
import { startFront } from './pickyFront.js';
import { clientOf, findVersitygw, type ServerInHand, startServerInHand } from './s3Server.js';

const executable = await findVersitygw();

describe.skipIf(executable === null)('a bucket with object lock', () => {
  const Bucket = 'locked';
  let directory: string;
  let server: ServerInHand;
  let access: S3Access;
  let client: S3Client;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reft-lock-'));
    vi.stubEnv('VGW_VERSIONING_DIR', await mkdtemp(join(directory, 'versions-')));
    server = await startServerInHand(required(executable, 'versitygw'));
    client = clientOf(server.access);
    await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
    const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } as const;
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const;
    await client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    access = await prepareBucket({ ...server.access, bucket: Bucket });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    client?.destroy();
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('takes objects and published names, again and again', async () => {
    const store = createStore({ ...access, cacheDirectory: join(directory, 'cache'), cacheBytes: 1e9 });
    const small = await store.putBytes(Buffer.from('small'));
    expect(await store.putBytes(Buffer.from('small'))).toEqual(small);
    const file = join(directory, 'large');
    await writeFile(file, Buffer.alloc(9 * 2 ** 20, 1));
    const large = await store.putFile(file);
    for (const text of ['one', 'two']) await store.publish('runs/a/report.html', Buffer.from(text));
    expect(Buffer.from((await store.read('runs/a/report.html')) ?? []).toString()).toBe('two');
    const elsewhere = createStore({ ...access, cacheDirectory: join(directory, 'other'), cacheBytes: 1e9 });
    expect((await elsewhere.getBytes(large)).length).toBe(large.bytes);
    // A further start writes its own object again.
    await prepareBucket(access);

    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: small.key }));
    const version = { Bucket, Key: small.key, VersionId: required(Versions[0]?.VersionId, 'a version') };
    await expect(client.send(new DeleteObjectCommand(version))).rejects.toThrow();
  });

  it('keeps what a lock holds when garbage is collected, which is no error', async () => {
    const body = '<Message>Access Denied because object protected by object lock.</Message>';
    const refused = async (more: { readonly body?: string }) => {
      const front = await startFront(server.access.endpoint, {
        rules: [({ method }) => (method === 'DELETE' ? [403, 'AccessDenied', more] : undefined)],
      });
      const upkeep = openUpkeep({ ...access, endpoint: front.endpoint });
      return upkeep.remove('objects/held', 60_000).finally(front.close);
    };
    await refused({ body });
    await expect(refused({})).rejects.toMatchObject({ name: 'StoreRefused' });
  });

  it('keeps uploads that may not be ended, which is no error', async () => {
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'objects/left' }));
    const front = await startFront(server.access.endpoint, {
      rules: [
        ({ method, url }) => (method === 'DELETE' && url.includes('uploadId=') ? [403, 'AccessDenied'] : undefined),
      ],
    });
    try {
      expect(await removeLeftovers({ ...access, endpoint: front.endpoint }, -60_000)).toBe(0);
    } finally {
      await front.close();
    }
    expect(await removeLeftovers(access, -60_000)).toBe(1);
  });
});
