/**
 * The store on a real server that is made to know less, to allow less or to stand elsewhere: what the probe finds, and that
 * everything works with it.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { usualDialect } from '../../../activities/store/s3/dialect.js';
import { findWayToRead } from '../../../activities/store/s3/probe.js';
import { createStore } from '../../../activities/store/store.js';
import { prepareBucket, type S3Access } from '../../../infra/s3/access.js';
import { type Front, type FrontOptions, rules, startFront } from './pickyFront.js';
import { type S3Server, startS3 } from './s3Server.js';
import { awkwardPrefix, serverChecks } from './serverChecks.js';

let server: S3Server;
let front: Front | undefined;
beforeAll(async () => {
  server = await startS3();
});
afterAll(() => server.close());

afterEach(async () => {
  await front?.close();
  front = undefined;
});

/** The access of somebody who knows the address and the credentials only. */
async function behind(options: FrontOptions): Promise<{ readonly access: S3Access; readonly front: Front }> {
  front = await startFront(server.access.endpoint, options);
  const { bucket, region, credentials } = server.access;
  return { front, access: { endpoint: front.endpoint, bucket, region, ...(credentials ? { credentials } : {}) } };
}

function openStore(access: S3Access, cache = randomBytes(8).toString('hex')) {
  return createStore({ ...access, cacheDirectory: join(server.directory, cache), cacheBytes: 2 ** 30 });
}

describe.each<[string, FrontOptions, object]>([
  ['knows everything', { rules: [] }, {}],
  ['case s3-no-crc32: knows no checksums', { rules: [rules.noChecksums] }, { checksums: 'none' }],
  [
    'case s3-no-conditional: knows no conditions',
    { rules: [rules.noConditions] },
    { conditionalWrites: false, conditionalParts: false },
  ],
  ['case s3-no-crc32: knows none of parts', { rules: [rules.noChecksumsOfParts] }, { checksums: 'none' }],
  [
    'knows neither',
    { rules: [rules.noConditions, rules.noChecksums] },
    { checksums: 'none', conditionalWrites: false, conditionalParts: false },
  ],
  [
    'case s3-no-conditional: overlooks conditions',
    { rules: [rules.overlooksConditions] },
    { conditionalWrites: false },
  ],
  ['case s3-no-crc32: calls a checksum invalid', { rules: [rules.invalidChecksums] }, { checksums: 'none' }],
  ['lets nobody list', { rules: [rules.mayNotList], hidesMissing: true }, {}],
  ['lets nobody delete', { rules: [rules.mayNotDelete] }, {}],
  ['takes no parts', { rules: [rules.noParts] }, { uploadsInParts: false, conditionalParts: false }],
])('a server that %s', (_, options, lacks) => {
  test('is found out at the start', async () => {
    const { access } = await behind(options);
    expect(await prepareBucket(access)).toEqual({
      ...access,
      addressing: 'path',
      dialect: { ...usualDialect, ...lacks },
    });
  });

  const needed = [...serverChecks.filter(({ name }) => !/^parts/.test(name)), awkwardPrefix];
  test.each(needed.map((check) => [check.name, check] as const))('%s', async (_, check) => {
    const { access } = await behind(options);
    await check.run(await prepareBucket(access));
  });
});

describe('case s3-no-crc32', () => {
  test('the signature holds the content’s sha256, and no checksum goes along', async () => {
    const { access, front } = await behind({ rules: [rules.noChecksums] });
    const ref = await openStore(await prepareBucket(access)).putBytes(randomBytes(1000));
    const written = front.asked.filter(({ url }) => url.includes(ref.key)).map(({ headers }) => headers);
    expect(written.map((headers) => headers['x-amz-content-sha256'])).toEqual([ref.sha256]);
    expect(written.flatMap((headers) => Object.keys(headers)).filter((name) => /checksum|trailer/.test(name))).toEqual(
      [],
    );
  });
});

describe('case s3-no-conditional', () => {
  test.each([1000, 400_000, 9_000_000])('%i bytes that are there are not sent again', async (size) => {
    const { access, front } = await behind({ rules: [rules.noConditions] });
    const prepared = await prepareBucket(access);
    const bytes = randomBytes(size);
    const { key } = await openStore(prepared).putBytes(bytes);
    const before = front.asked.length;
    await openStore(prepared).putBytes(bytes);
    expect(front.asked.slice(before).map(({ method, url }) => `${method} ${url}`)).toEqual([`HEAD /reft/${key}`]);
  });
});

describe('the region', () => {
  test.each([
    ['wants', rules.wantsRegion],
    ['sends to', rules.isElsewhere],
  ])('that a server %s is taken instead of the one given', async (_, rule) => {
    const { access } = await behind({ rules: [rule] });
    const elsewhere = { ...access, region: 'eu-north-1' };
    const prepared = await prepareBucket(elsewhere);
    expect(prepared).toMatchObject({ region: 'us-east-1', addressing: 'path', dialect: usualDialect });
    const bytes = randomBytes(1000);
    const ref = await openStore(prepared).putBytes(bytes);
    // Commands that only read find it by reading.
    const way = await findWayToRead(elsewhere);
    expect(way).toEqual({ addressing: 'path', region: 'us-east-1' });
    expect(bytes.equals(await openStore({ ...elsewhere, ...way }).getBytes(ref))).toBe(true);
  });
});

test('a server of another time is refused, and the clock is named', async () => {
  const { access } = await behind({ rules: [rules.otherClock] });
  await expect(prepareBucket(access)).rejects.toThrow(/RequestTimeTooSkewed .*: set the clock of this machine/);
  await expect(openStore(access).read('runs/a/report.html')).rejects.toMatchObject({
    name: 'StoreUnavailable',
    message: expect.stringContaining('refused the time of a request (RequestTimeTooSkewed): set the clock of this'),
  });
}, 20_000);

test('a server that implements nothing is refused at once', async () => {
  const { access } = await behind({ rules: [() => [501, 'NotImplemented']] });
  await expect(prepareBucket(access)).rejects.toThrow('cannot be used: NotImplemented (HTTP 501)');
}, 10_000);

describe('whoever may not list', () => {
  test('is told of refused credentials all the same', async () => {
    const { access, front } = await behind({ rules: [rules.mayNotList], hidesMissing: true });
    const prepared = await prepareBucket(access);
    await front.close();
    const closed = await behind({ rules: [() => [403, 'AccessDenied']] });
    const store = openStore({ ...prepared, endpoint: closed.access.endpoint });
    await expect(store.read('runs/a/report.html')).rejects.toMatchObject({ name: 'StoreRefused' });
  });
});
