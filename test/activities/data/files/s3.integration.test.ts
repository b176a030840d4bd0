/** Data files in S3, on a real server. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStore } from '../../../../activities/store/store.js';
import type { Store } from '../../../../activities/store/types.js';
import { type S3Server, startS3 } from '../../store/s3Server.js';
import { fileAccess, readDataFile } from '../sourceAccess.js';

let server: S3Server;
let store: Store;
beforeAll(async () => {
  server = await startS3();
  store = createStore({ ...server.access, cacheDirectory: join(server.directory, 'cache'), cacheBytes: 2 ** 20 });
});
afterAll(() => server.close());

const read = (from: string) => readDataFile(from, fileAccess(undefined, store));

it('are read from where the specification says', async () => {
  const content = Buffer.from('{"a": 1}\n{"a": 2}\n');
  await store.publish('sets/rows.jsonl', content);
  const from = `s3://${store.bucket}/sets/rows.jsonl`;
  expect(await read(from)).toEqual({
    file: { name: from, sha256: createHash('sha256').update(content).digest('hex'), rows: 2 },
    rows: [
      { row: 1, value: { a: 1 } },
      { row: 2, value: { a: 2 } },
    ],
  });
});

it('are named when they are not there', async () => {
  await expect(read(`s3://${store.bucket}/sets/other.jsonl`)).rejects.toMatchObject({
    name: 'InvalidData',
    message: `s3://${store.bucket}/sets/other.jsonl: there is no such object`,
  });
  await expect(read('s3://no-such-bucket/rows.jsonl')).rejects.toMatchObject({
    name: 'InvalidData',
    message: expect.stringMatching(/^s3:\/\/no-such-bucket\/rows\.jsonl: .*no-such-bucket/),
  });
});
