/** Server-side encryption: what the variables may say, what is asked of the server, and that its answer is read. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { S3Options } from '../../../activities/store/s3/client.js';
import { probe } from '../../../activities/store/s3/probe.js';
import { connect } from '../../../activities/store/s3/requests.js';
import { s3FromEnvironment } from '../../../infra/s3/access.js';

describe('S3_SSE', () => {
  const read = (environment: NodeJS.ProcessEnv) =>
    s3FromEnvironment({ S3_ENDPOINT: 'http://s3.example', ...environment })?.encryption;

  it('is what S3 calls it, with a key where it is KMS', () => {
    expect(read({})).toBeUndefined();
    expect(read({ S3_SSE: 'AES256' })).toEqual({ algorithm: 'AES256' });
    expect(read({ S3_SSE: 'aws:kms', S3_SSE_KMS_KEY_ID: 'alias/reft' })).toEqual({
      algorithm: 'aws:kms',
      kmsKeyId: 'alias/reft',
    });
  });

  it.each([
    [{ S3_SSE: 'aes' }, 'S3_SSE is "aes": allowed is "AES256", "aws:kms", "aws:kms:dsse"'],
    [{ S3_SSE_KMS_KEY_ID: 'k' }, 'S3_SSE_KMS_KEY_ID is set, so S3_SSE has to be "aws:kms" or "aws:kms:dsse"'],
    [{ S3_SSE: 'AES256', S3_SSE_KMS_KEY_ID: 'k' }, 'S3_SSE_KMS_KEY_ID is set, so S3_SSE has to be'],
    [{ S3_ENDPOINT: '', S3_SSE: 'AES256' }, 'S3_SSE is set, but the S3 server that is started here encrypts nothing'],
  ])('may not be %j', (environment, message) => {
    expect(() => read(environment)).toThrow(message);
  });
});

interface Asked {
  readonly what: string;
  readonly algorithm: IncomingHttpHeaders[string];
  readonly key: IncomingHttpHeaders[string];
}

let server: Server;
let options: S3Options;
let asked: Asked[];
/** What the stand-in says of each object that it is given. */
let said: Readonly<Record<string, string>>;

beforeEach(async () => {
  asked = [];
  said = { 'x-amz-server-side-encryption': 'aws:kms' };
  server = createServer((request, response) => {
    const { method, url = '', headers } = request;
    const parameters = url.replace(/^[^?]*\??/, '').replace(/(&?x-id=\w+)|=.*/g, '');
    const [algorithm, key] = ['x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id'].map(
      (name) => headers[name],
    );
    asked.push({ what: [method, parameters].filter(Boolean).join(' '), algorithm, key });
    request.resume();
    request.once('end', () => {
      if (method === 'GET') return response.end(url.includes('list-type') ? '<ListBucketResult/>' : 'written');
      const upload = '<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>';
      const done = '<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>';
      response.writeHead(200, { etag: '"1"', ...said });
      return response.end(method === 'POST' ? (url.includes('uploads') ? upload : done) : '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  options = {
    bucket: 'reft',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'access', secretAccessKey: 'secret' },
    encryption: { algorithm: 'aws:kms', kmsKeyId: 'alias/reft' },
  };
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const write = (bytes: number) =>
  connect(options).put('objects/a', Buffer.alloc(bytes), { bytes, contentType: 'text/plain', onlyIfAbsent: true });
const wanted = { algorithm: 'aws:kms', key: 'alias/reft' };
const none = { algorithm: undefined, key: undefined };

it('is asked for with each object, also one in parts', async () => {
  await write(10);
  expect(asked).toEqual([{ what: 'PUT', ...wanted }]);
  asked = [];
  await write(9 * 2 ** 20);
  expect(asked.filter(({ what }) => what === 'POST uploads')).toEqual([{ what: 'POST uploads', ...wanted }]);
  expect(asked.filter(({ what }) => what.startsWith('PUT')).map(({ algorithm }) => algorithm)).toEqual([
    undefined,
    undefined,
  ]);
});

it('is not asked for where the bucket decides', async () => {
  const { encryption: _, ...plain } = options;
  options = plain;
  await write(10);
  expect(asked).toEqual([{ what: 'PUT', ...none }]);
});

it('is asked for at the start, and told', async () => {
  expect(await probe(options, true)).toMatchObject({ encryption: 'aws:kms' });
  const writes = asked.filter(({ what }) => what === 'PUT' || what === 'POST uploads');
  expect(writes.length).toBeGreaterThan(2);
  expect(writes.map(({ algorithm, key }) => ({ algorithm, key }))).toEqual(writes.map(() => wanted));
});

it.each([{}, { 'x-amz-server-side-encryption': 'AES256' }])(
  'a server that says %j does not do as asked',
  async (says) => {
    said = says;
    await expect(probe(options, true)).rejects.toMatchObject({
      name: 'InvalidSettings',
      message: expect.stringMatching(/^S3_SSE is "aws:kms", but the server does not say .*leave S3_SSE out$/),
    });
  },
);
