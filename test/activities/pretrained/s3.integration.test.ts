/** Models in S3: from the run's own bucket and from another of the same server, refused where there is no way to them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { obtainModel } from '../../../activities/pretrained/obtainModel.js';
import { createStore } from '../../../activities/store/store.js';
import { clientOf, replaceObject, type S3Server, startS3 } from '../store/s3Server.js';
import { temporaryDirectory, writeFolder } from './modelFolders.js';

let server: S3Server;
let count = 0;
const root = await temporaryDirectory();
const folder = await writeFolder(join(root, 'model'), 'gpt2', { shards: 2 });

beforeAll(async () => {
  server = await startS3();
  await clientOf(server.access).send(new CreateBucketCommand({ Bucket: 'models' }));
  for (const bucket of [server.access.bucket, 'models'])
    for (const name of await readdir(folder))
      await replaceObject({ ...server.access, bucket }, `some/tiny/${name}`, await readFile(join(folder, name)));
});
afterAll(() => server.close());

const obtain = (from: string, changes: Partial<S3Server['access']> = {}) =>
  obtainModel(from, {
    store: createStore({ ...server.access, ...changes, cacheDirectory: join(root, 'cache'), cacheBytes: 2 ** 20 }),
    hub: {},
    directory: join(root, `downloads-${count++}`),
    signal: new AbortController().signal,
    onBytes: () => undefined,
  });

it.each(['reft', 'models'])('comes whole from bucket %s', async (bucket) => {
  const { name, directory } = await obtain(`s3://${bucket}/some/tiny/`);
  expect(name).toBe(`s3://${bucket}/some/tiny`);
  expect((await readdir(directory)).sort()).toEqual((await readdir(folder)).sort());
  for (const file of await readdir(folder))
    expect(await readFile(join(directory, file))).toEqual(await readFile(join(folder, file)));
});

it.each([
  ['no such bucket', 's3://nowhere/tiny', {}, /s3:\/\/nowhere\/tiny: .*has no bucket nowhere/],
  ['nothing under the prefix', 's3://models/other', {}, /s3:\/\/models\/other has no config\.json/],
  [
    'credentials of somebody else',
    's3://models/some/tiny',
    { credentials: { accessKeyId: 'somebody', secretAccessKey: 'else' } },
    /refused the credentials for bucket models/,
  ],
])('is refused at once: %s', async (_, from, changes, message) => {
  const attempt = obtain(from, changes);
  await expect(attempt).rejects.toMatchObject({ name: 'InvalidModel', message: expect.stringMatching(message) });
});

it('is worth another attempt where the server is away, or the run’s own bucket refuses for now', async () => {
  const away = { endpoint: 'http://127.0.0.1:9' };
  await expect(obtain('s3://models/some/tiny', away)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  const other = { credentials: { accessKeyId: 'somebody', secretAccessKey: 'else' } };
  await expect(obtain('s3://reft/some/tiny', other)).rejects.toMatchObject({ name: 'StoreRefused' });
});
