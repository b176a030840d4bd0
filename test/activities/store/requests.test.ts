/**
 * What the store asks of S3 and makes of its answers, against a stand-in of a few lines that counts requests, fails and breaks
 * off at will. What a real server does is in `store.integration.test.ts`.
 */
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nonRetryableFailures } from '../../../activities/errors.js';
import { sha256OfBytes } from '../../../activities/store/digest.js';
import { usualDialect } from '../../../activities/store/s3/dialect.js';
import { connect } from '../../../activities/store/s3/requests.js';
import { createStore } from '../../../activities/store/store.js';

let server: Server;
let endpoint: string;
let directory: string;
/** `GET objects/a`, in order. */
let requests: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-requests-'));
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]?.replace('/reft/', '')}`);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  endpoint = `http://127.0.0.1:${address.port}`;
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(directory, { recursive: true });
});

const credentials = { accessKeyId: 'access', secretAccessKey: 'secret' };

function openStore() {
  return createStore({
    bucket: 'reft',
    endpoint,
    credentials,
    cacheDirectory: join(directory, 'cache'),
    cacheBytes: 1e9,
  });
}

const refTo = (bytes: Uint8Array) => {
  const sha256 = sha256OfBytes(bytes);
  return { key: `objects/${sha256}`, sha256, bytes: bytes.length };
};

/** Answers each request with the next status, and a body of three bytes. */
function answerWith(...statuses: readonly number[]): void {
  const left = [...statuses];
  answer = (request, response) => {
    request.resume();
    const body = request.method === 'HEAD' ? '' : 'abc';
    response.writeHead(left.shift() ?? 500, { 'content-length': 3 }).end(body);
  };
}

/** Announces three bytes, and closes the connection after one. */
function breakOff(): void {
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': 3 });
    response.write('a', () => response.destroy());
  };
}

describe('failed tries', () => {
  const toldOf = async (...statuses: readonly number[]): Promise<unknown[]> => {
    answerWith(...statuses);
    const told: unknown[] = [];
    const s3 = connect({ bucket: 'reft', endpoint, credentials, log: (...line) => told.push(line) });
    await s3.size('objects/a').catch(() => undefined);
    return told;
  };

  test('are told with what failed, and without the credentials', async () => {
    const failure = { request: 'HeadObjectCommand', error: expect.any(String), status: 503 };
    const told = await toldOf(503, 503, 200);
    expect(told).toEqual(Array(2).fill(['warn', 'S3 request failed', failure]));
    expect(JSON.stringify(told)).not.toMatch(/access|secret/);
  });

  test.each([429, 500])('may be answers of %i', async (status) => {
    expect(await toldOf(status, 200)).toMatchObject([['warn', 'S3 request failed', { status }]]);
  });

  test.each([404, 403, 200])('an answer of %i is none', async (status) => {
    // Of a refusal it is asked whether the credentials open what is known to be there.
    expect(await toldOf(status, status)).toEqual([]);
  });

  test('are also those without an answer', async () => {
    answer = (_, response) => response.destroy();
    const told: unknown[] = [];
    const s3 = connect({ bucket: 'reft', endpoint, credentials, log: (...line) => told.push(line) });
    await expect(s3.size('objects/a')).rejects.toMatchObject({ name: 'StoreUnavailable' });
    const failure = { request: 'HeadObjectCommand', error: 'ECONNRESET', status: undefined };
    expect(told).toEqual(Array(5).fill(['warn', 'S3 request failed', failure]));
  });
});

describe('a failure says what to check', () => {
  const refused =
    /^S3 at http:\/\/127\.0\.0\.1:\d+ refused the credentials for bucket reft \(\w+\): check AWS_ACCESS_KEY_ID.*\(runs\/a\)$/;
  test.each([
    [404, 'NoSuchBucket', 'StoreRefused', /has no bucket reft: create it, or check S3_BUCKET \(runs\/a\)$/],
    [403, 'SignatureDoesNotMatch', 'StoreRefused', refused],
    [403, 'Anything', 'StoreRefused', refused],
    [401, 'Anything', 'StoreRefused', refused],
    [400, 'ExpiredToken', 'StoreRefused', refused],
    [507, 'Anything', 'StoreRefused', /has no room left in bucket reft \(Anything\): make room, or raise its quota/],
    [403, 'QuotaExceeded', 'StoreRefused', /has no room left in bucket reft/],
    [
      400,
      'Anything',
      'StoreUnavailable',
      /^S3 at http:\/\/127\.0\.0\.1:\d+ failed on reft\/runs\/a: Anything: keys …, … and …$/,
    ],
  ])('%i %s', async (status, code, name, message) => {
    const body = `<Error><Code>${code}</Code><Message>keys access, secret and token</Message></Error>`;
    answer = (_, response) => response.writeHead(status).end(body);
    const address = endpoint.replace('//', '//user:pass@');
    const s3 = connect({ bucket: 'reft', endpoint: address, credentials: { ...credentials, sessionToken: 'token' } });
    await expect(s3.get('runs/a')).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['no connection', Object.assign(new Error(), { code: 'ECONNREFUSED' }), 'cannot be reached (ECONNREFUSED)'],
    ['no answer in time', Object.assign(new Error(), { name: 'TimeoutError' }), 'cannot be reached (TimeoutError)'],
    ['another error', new Error('odd'), 'failed on reft/runs/a: Error: odd'],
    ['a code that is no text', Object.assign(new Error('odd'), { code: 5 }), 'failed on reft/runs/a: Error: odd'],
    ['what is no error', 'odd', 'failed on reft/runs/a: Error: odd'],
  ])('%s', (_, error, message) => {
    const { message: told, name } = connect({ bucket: 'reft' }).failure('runs/a', error);
    expect(told).toContain(`Amazon S3 ${message}`);
    expect(name).toBe('StoreUnavailable');
  });
});

test.each([
  [{}, 'us-east-1'],
  [{ region: 'elsewhere-2' }, 'elsewhere-2'],
])('requests go to the bucket by path, signed for the region: %j', async (options, region) => {
  const seen: unknown[] = [];
  answer = ({ url, headers }, response) => {
    seen.push(url, headers.authorization);
    response.writeHead(200, { 'content-length': 3 }).end();
  };
  const byName = endpoint.replace('127.0.0.1', 'localhost');
  expect(await connect({ bucket: 'reft', endpoint: byName, credentials, ...options }).size('a/b')).toBe(3);
  expect(seen).toEqual([
    '/reft/a/b',
    expect.stringMatching(new RegExp(`Credential=access/\\d+/${region}/s3/aws4_request`)),
  ]);
});

test('an endpoint below another address keeps its path', async () => {
  answerWith(200);
  const below = `${endpoint}/gateway/s3`;
  expect(await connect({ bucket: 'reft', endpoint: below, credentials }).size('a b/ü+c')).toBe(3);
  expect(requests).toEqual(['HEAD /gateway/s3a%20b/%C3%BC%2Bc']);
});

describe('a conditional write', () => {
  const write = (onlyIfAbsent: boolean): Promise<boolean> => {
    const options = { bytes: 3, contentType: 'text/plain', onlyIfAbsent };
    return connect({ bucket: 'reft', endpoint, credentials }).put('a', Buffer.from('abc'), options);
  };
  const refuse = (code: string): void => {
    answer = ({ headers }, response) => {
      requests.push(`if-none-match: ${headers['if-none-match']}`);
      response.writeHead(412).end(`<Error><Code>${code}</Code></Error>`);
    };
  };

  test('leaves what is there', async () => {
    refuse('PreconditionFailed');
    await write(true);
    expect(requests).toEqual(['PUT a', 'if-none-match: *']);
  });

  test.each([
    [true, 'Anything', '*'],
    [false, 'PreconditionFailed', undefined],
  ])('fails otherwise: %s, %s', async (onlyIfAbsent, code, header) => {
    refuse(code);
    await expect(write(onlyIfAbsent)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    expect(requests).toEqual(['PUT a', `if-none-match: ${header}`]);
  });
});

test.each([
  [{}, [true, true, true]],
  [{ conditionalParts: false }, [true, true, false]],
  [{ conditionalParts: false, uploadsInParts: false }, [true, true, true]],
  [{ conditionalWrites: false }, [false, false, false]],
])('small and large writes are conditional where the server knows: %j', (lacking, expected) => {
  const s3 = connect({ bucket: 'reft', endpoint, credentials, dialect: { ...usualDialect, ...lacking } });
  expect([0, 8 * 2 ** 20 - 1, 8 * 2 ** 20].map(s3.writesConditionally)).toEqual(expected);
});

describe('an object that is not there', () => {
  const s3 = () => connect({ bucket: 'reft', endpoint, credentials, prefix: 'team/' });
  /** Answers with the statuses in turn; an error to a GET has a body that names it. */
  const refuseWith = (...statuses: readonly number[]): void => {
    const left = [...statuses];
    answer = ({ method }, response) => {
      const status = left.shift() ?? 500;
      const error = `<Error><Code>${status === 404 ? 'NoSuchKey' : 'AccessDenied'}</Code></Error>`;
      response.writeHead(status).end(method === 'GET' ? error : '');
    };
  };

  test('has no size and no content', async () => {
    refuseWith(404, 404);
    expect([await s3().size('a'), await s3().get('a')]).toEqual([null, null]);
    expect(requests).toEqual(['HEAD team/a', 'GET team/a']);
  });

  test('is told as forbidden to whoever may not list: the same credentials open what is there', async () => {
    refuseWith(403, 200, 403, 200);
    expect([await s3().size('a'), await s3().get('a')]).toEqual([null, null]);
    expect(requests).toEqual(['HEAD team/a', 'HEAD team/write-check', 'GET team/a', 'HEAD team/write-check']);
  });

  test('is not what is forbidden, where they open nothing or the bucket is another', async () => {
    refuseWith(403, 403, 403);
    await expect(s3().size('a')).rejects.toMatchObject({ name: 'StoreRefused' });
    await expect(s3().get('b/c', 'other')).rejects.toMatchObject({ name: 'StoreRefused' });
    expect(requests).toEqual(['HEAD team/a', 'HEAD team/write-check', 'GET /other/b/c']);
  });
});

describe('an object', () => {
  test('that many ask for at once is fetched once', async () => {
    answerWith(200, 200);
    const store = openStore();
    const ref = refTo(Buffer.from('abc'));
    const paths = await Promise.all([store.getFile(ref), store.getFile(ref), store.getFile(ref)]);
    expect(new Set(paths).size).toBe(1);
    expect(requests).toEqual([`GET ${ref.key}`]);
  });

  test('read into memory is hashed again, and fetched again where its copy has decayed', async () => {
    answerWith(200, 200);
    const store = openStore();
    const ref = refTo(Buffer.from('abc'));
    expect(String(Buffer.from(await store.getBytes(ref)))).toBe('abc');
    await store.getBytes(ref);
    expect(requests).toEqual([`GET ${ref.key}`]);
    const path = await store.getFile(ref);
    const { atime, mtime } = await stat(path);
    await chmod(path, 0o644);
    await writeFile(path, 'abd');
    await utimes(path, atime, mtime);
    expect(String(Buffer.from(await store.getBytes(ref)))).toBe('abc');
    expect(requests).toEqual([`GET ${ref.key}`, `GET ${ref.key}`]);
  });

  test('whose download breaks off is not kept', async () => {
    breakOff();
    await expect(openStore().getFile(refTo(Buffer.from('abc')))).rejects.toMatchObject({ name: 'StoreUnavailable' });
    expect(await readdir(join(directory, 'cache', 'incoming'))).toEqual([]);
  });

  test('that is small is sent at once; of a large one it is asked first whether it is there', async () => {
    const store = openStore();
    answerWith(200);
    const small = await store.putBytes(new Uint8Array(2 ** 18 - 1));
    expect(requests).toEqual([`PUT ${small.key}`]);
    let age = 60_000;
    answer = (_, response) => {
      const written = new Date(Date.now() - age).toUTCString();
      response.writeHead(200, { 'content-length': 2 ** 18, 'last-modified': written }).end();
    };
    const large = await store.putBytes(new Uint8Array(2 ** 18));
    expect(requests).toEqual([`PUT ${small.key}`, `HEAD ${large.key}`]);
    // From a quarter of an hour on it may be about to be collected, and is written again.
    requests.length = 0;
    age = 20 * 60_000;
    answer = (request, response) => {
      request.resume();
      if (request.method === 'PUT') return response.writeHead(200).end();
      if (request.url?.includes('condemned')) return response.writeHead(404).end();
      const written = new Date(Date.now() - age).toUTCString();
      response.writeHead(200, { 'content-length': 2 ** 18, 'last-modified': written }).end();
    };
    await store.putBytes(new Uint8Array(2 ** 18));
    const { key, sha256 } = large;
    expect(requests).toEqual([`HEAD ${key}`, `PUT ${key}`, `HEAD condemned/${sha256}`, `HEAD ${key}`]);
  });

  test('that is no JSON is told with its first eighty characters', async () => {
    const body = 'x'.repeat(100);
    answer = (_, response) => response.writeHead(200, { 'content-length': 100 }).end(body);
    await expect(openStore().getJson(refTo(Buffer.from(body)))).rejects.toThrow(`got "${'x'.repeat(80)}"`);
  });

  test('must have a form in JSON', async () => {
    await expect(Promise.resolve().then(() => openStore().putJson(undefined))).rejects.toThrow(
      'undefined cannot be stored as JSON',
    );
  });
});

describe('a name', () => {
  test('is saved to a new folder, whole or not at all', async () => {
    const path = join(directory, 'a', 'b', 'report.html');
    answerWith(200);
    expect(await openStore().saveTo('runs/a/report.html', path)).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('abc');
    breakOff();
    const failed = openStore().saveTo('runs/a/report.html', join(directory, 'a', 'other'));
    await expect(failed).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await expect(stat(join(directory, 'a', 'other'))).rejects.toThrow('ENOENT');
  });

  test('that is not there is not saved', async () => {
    answer = (_, response) => response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    const path = join(directory, 'report.html');
    expect(await openStore().saveTo('runs/a/report.html', path)).toBe(false);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('whose content breaks off is S3 that failed', async () => {
    breakOff();
    await expect(openStore().read('runs/a/report.html')).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });
});

test.each(['ftp://host', 'host', 'x http://host', 'http:///'])('the endpoint %s is refused', (address) => {
  const options = { bucket: 'reft', endpoint: address, cacheDirectory: directory, cacheBytes: 1 };
  expect(() => createStore(options)).toThrow('endpoint must start with http:// or https://');
});

test.each([
  [{ bucket: '' }, /bucket is empty.*S3_BUCKET/],
  [{ prefix: '/reft/' }, /S3_PREFIX is "\/reft\/": allowed are names/],
  [{ prefix: 'a//b/' }, /S3_PREFIX/],
  [{ prefix: 'a/../b/' }, /S3_PREFIX/],
  [{ prefix: 'a/./b/' }, /S3_PREFIX/],
  [{ prefix: 'a\\b/' }, /S3_PREFIX/],
  [{ prefix: 'a\nb/' }, /S3_PREFIX/],
  [{ prefix: '\ud800/' }, /S3_PREFIX/],
  [{ prefix: `${'a'.repeat(512)}/` }, /S3_PREFIX is .* 512 bytes at most/],
  [{ authoritiesFile: '/no/such.pem' }, /AWS_CA_BUNDLE is "\/no\/such.pem", which cannot be read: ENOENT/],
])('settings that cannot be used end a run at once: %j', (settings, message) => {
  const options = { bucket: 'reft', endpoint, cacheDirectory: directory, cacheBytes: 1, ...settings };
  const expected = { name: 'InvalidSettings', message: expect.stringMatching(message) };
  expect(() => createStore(options)).toThrow(expect.objectContaining(expected));
  expect(nonRetryableFailures).toContain('InvalidSettings');
});

test('without an endpoint the store is that of Amazon', () => {
  expect(createStore({ bucket: 'reft', cacheDirectory: directory, cacheBytes: 1 }).bucket).toBe('reft');
});
