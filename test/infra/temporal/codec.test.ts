/** Payload encryption: its keys, its form (that of the samples of Temporal's SDKs), and the codec server in front of it. */
import { webcrypto } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/data-converter-helpers.js';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, required } from '../../../activities/invariant.js';
import { neededByHistory } from '../../../activities/neededByHistory.js';
import { readableEvents } from '../../../activities/readableEvents.js';
import type { Listening } from '../../../infra/process/listen.js';
import { checkOpenRuns } from '../../../infra/temporal/codec/checkOpenRuns.js';
import { createCodec } from '../../../infra/temporal/codec/codec.js';
import { dataConverterFrom } from '../../../infra/temporal/codec/dataConverter.js';
import { codecKeysFrom } from '../../../infra/temporal/codec/keys.js';
import { startCodecServer } from '../../../infra/temporal/codec/server.js';

const keyOf = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const codecWith = (REFT_CODEC_KEY: string) => createCodec(codecKeysFrom({ REFT_CODEC_KEY }));
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const readValue = (payload: Payload | undefined): unknown =>
  defaultPayloadConverter.fromPayload(required(payload, 'a payload'));
const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

describe('keys', () => {
  it('are 32 bytes in base64 or hexadecimal digits, named or not, the newest first', () => {
    const hex = Buffer.alloc(32, 2).toString('hex');
    const ids = codecKeysFrom({ REFT_CODEC_KEY: `2026-11:${keyOf(1)}, old:${hex}\n${keyOf(3)}` }).map(({ id }) => id);
    expect(ids).toEqual(['2026-11', 'old', expect.stringMatching(/^[0-9a-f]{12}$/)]);
    expect(codecKeysFrom({ REFT_CODEC_KEY: keyOf(2) })).toEqual(codecKeysFrom({ REFT_CODEC_KEY: hex }));
    expect(codecKeysFrom({ REFT_CODEC_KEY: '', REFT_CODEC_KEY_FILE: '' })).toEqual([]);
  });

  it('may stand in a file, with comments', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'reft-codec-'));
    try {
      const file = join(directory, 'keys');
      await writeFile(file, `# since November\nnew:${keyOf(1)}\n\n# of the runs before\nold:${keyOf(2)}\n`);
      expect(codecKeysFrom({ REFT_CODEC_KEY_FILE: file }).map(({ id }) => id)).toEqual(['new', 'old']);
      await writeFile(file, '# none yet\n');
      expect(() => codecKeysFrom({ REFT_CODEC_KEY_FILE: file })).toThrow(/^REFT_CODEC_KEY_FILE holds no key: allowed/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it.each([
    ['a secret that is no key', /^REFT_CODEC_KEY holds something else as key 1 of 6: allowed are keys of 32 bytes/],
    [`${keyOf(1)},c2hvcnQ=`, /^REFT_CODEC_KEY holds something else as key 2 of 2/],
    [`a/b:${keyOf(1)}`, /^REFT_CODEC_KEY holds something else as key 1 of 1/],
    [`a:${keyOf(1)},a:${keyOf(2)}`, /^REFT_CODEC_KEY holds two keys called "a"/],
  ])('may not be %s, which the message does not show', (given, message) => {
    const read = () => codecKeysFrom({ REFT_CODEC_KEY: given });
    expect(read).toThrow(expect.objectContaining({ name: 'InvalidSettings', message: expect.stringMatching(message) }));
    expect(read).not.toThrow(/secret|c2hvcnQ|AQEB/);
  });

  it('come from one place, which can be read', () => {
    expect(() => codecKeysFrom({ REFT_CODEC_KEY: keyOf(1), REFT_CODEC_KEY_FILE: 'x' })).toThrow('are both set');
    expect(() => codecKeysFrom({ REFT_CODEC_KEY_FILE: '/no/such' })).toThrow(/^REFT_CODEC_KEY_FILE names a file that/);
  });
});

describe('the codec', () => {
  it('hides what it is given, each time otherwise, and gives it back', async () => {
    const codec = codecWith(`new:${keyOf(1)}`);
    const encrypted = await codec.encode([
      payloadOf({ question: 'Xyzzy?' }),
      payloadOf(undefined),
      payloadOf('Xyzzy?'),
    ]);
    expect(Buffer.concat(encrypted.map(({ data }) => data ?? Buffer.alloc(0))).toString('latin1')).not.toContain(
      'Xyzzy',
    );
    expect(new Set(encrypted.map(({ metadata }) => textOf(metadata?.['encryption-key-id'])))).toEqual(new Set(['new']));
    expect((await codec.decode(encrypted)).map(readValue)).toEqual([{ question: 'Xyzzy?' }, undefined, 'Xyzzy?']);
    const again = await codec.encode([payloadOf('Xyzzy?')]);
    expect(at(again, 0).data).not.toEqual(at(encrypted, 2).data);
  });

  it('has the form of the samples: nonce, protobuf and tag by WebCrypto’s AES-GCM', async () => {
    const plain = proto.temporal.api.common.v1.Payload.encode(payloadOf('from a sample')).finish();
    const iv = Buffer.alloc(12, 7);
    const key = await webcrypto.subtle.importKey('raw', Buffer.alloc(32, 1), 'AES-GCM', true, ['encrypt']);
    const sealed = Buffer.from(await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain));
    const metadata = { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('new') };
    const [decoded] = await codecWith(`new:${keyOf(1)}`).decode([{ metadata, data: Buffer.concat([iv, sealed]) }]);
    expect(readValue(decoded)).toBe('from a sample');
  });

  it('encrypts with the first key and reads with all', async () => {
    const old = await codecWith(`old:${keyOf(2)}`).encode([payloadOf('before')]);
    const both = codecWith(`new:${keyOf(1)},old:${keyOf(2)}`);
    const [fresh] = await both.encode([payloadOf('after')]);
    expect(textOf(fresh?.metadata?.['encryption-key-id'])).toBe('new');
    expect((await both.decode([...old, required(fresh, 'it')])).map(readValue)).toEqual(['before', 'after']);
  });

  it('passes on what is not encrypted, so that runs from before go on', async () => {
    const [passed] = await codecWith(keyOf(1)).decode([payloadOf('plain')]);
    expect(readValue(passed)).toBe('plain');
    expect(await createCodec([]).encode([payloadOf('plain')])).toEqual([payloadOf('plain')]);
  });

  it.each([
    ['no key', '', /encrypted with the key "new", which is not given \(none is given\): set REFT_CODEC_KEY or/],
    ['another key', `a:${keyOf(2)}`, /with the key "new", which is not given \(given are a\): set REFT_CODEC_KEY or/],
    ['another key of that name', `new:${keyOf(2)}`, /with the key "new": another key has that name in REFT_CODEC_KEY/],
  ])('names the variables to whoever has %s', async (_, given, message) => {
    const encrypted = await codecWith(`new:${keyOf(1)}`).encode([payloadOf('secret')]);
    await expect(codecWith(given).decode(encrypted)).rejects.toMatchObject({
      name: 'MissingCodecKey',
      message: expect.stringMatching(message),
    });
  });

  it.each([0, 20, -1])('finds byte %i changed', async (place) => {
    const codec = codecWith(keyOf(1));
    const [encrypted] = await codec.encode([payloadOf('a text that is long enough')]);
    const data = Buffer.from(encrypted?.data ?? []);
    const index = place < 0 ? data.length + place : place;
    data[index] = at(data, index) ^ 1;
    await expect(codec.decode([{ ...encrypted, data }])).rejects.toMatchObject({ name: 'MissingCodecKey' });
    await expect(codec.decode([{ ...encrypted, data: data.subarray(0, 5) }])).rejects.toThrow(
      'or it was changed since',
    );
  });
});

describe('failures', () => {
  it('go encrypted, their types plain', () => {
    const { failureConverter, payloadConverter } = loadDataConverter(dataConverterFrom({ REFT_CODEC_KEY: keyOf(1) }));
    const error = ApplicationFailure.create({ type: 'InvalidData', message: 'about Xyzzy' });
    const failure = failureConverter.errorToFailure(error, payloadConverter);
    expect([failure.message, failure.stackTrace, failure.applicationFailureInfo?.type]).toEqual([
      'Encoded failure',
      '',
      'InvalidData',
    ]);
    expect(failureConverter.failureToError(failure, payloadConverter).message).toBe('about Xyzzy');
    expect(dataConverterFrom({})).not.toHaveProperty('failureConverterPath');
  });
});

describe('a history', () => {
  it('is read by those who need what it names, decrypted', async () => {
    const codec = codecWith(`new:${keyOf(1)}`);
    const payloads = await codec.encode([payloadOf({ purpose: 'rollout' })]);
    const result = { payloads: await codec.encode([payloadOf('w1')]) };
    const events = () => [
      { eventId: 1, activityTaskScheduledEventAttributes: { input: { payloads } } },
      { eventId: 2, activityTaskCompletedEventAttributes: { scheduledEventId: 1, result } },
    ];
    const clientWith = (payloadCodecs: readonly unknown[]) =>
      ({
        workflow: { getHandle: () => ({ fetchHistory: async () => ({ events: events() }) }) },
        options: { loadedDataConverter: { payloadCodecs } },
      }) as never;
    expect(neededByHistory((await readableEvents(clientWith([codec]), 'run')) as never)).toEqual(['w1']);
    await expect(readableEvents(clientWith([createCodec([])]), 'run')).rejects.toMatchObject({
      name: 'MissingCodecKey',
    });
  });
});

describe('a worker', () => {
  it('is told of a run under way whose key it lacks', async () => {
    const [memo] = await codecWith(`new:${keyOf(1)}`).encode([payloadOf('a specification')]);
    const executions = [
      { execution: { workflowId: 'plain' }, memo: { fields: { specification: payloadOf('plain') } } },
      { execution: { workflowId: 'w1' }, memo: { fields: { specification: required(memo, 'it') } } },
    ];
    const service = { listWorkflowExecutions: async () => ({ executions }) } as never;
    const place = { namespace: 'default', taskQueue: 'reft' };
    await checkOpenRuns(service, place, { REFT_CODEC_KEY: `new:${keyOf(1)}` });
    await expect(checkOpenRuns(service, place, {})).rejects.toThrow(
      /^run "w1" is under way, and what Temporal holds is encrypted with the key "new", .*REFT_CODEC_KEY/,
    );
  });
});

describe('the codec server', () => {
  const codec = codecWith(`new:${keyOf(1)}`);
  const origin = 'http://127.0.0.1:8233';
  let server: Listening;
  beforeAll(async () => {
    server = await startCodecServer({ codec, port: 0, origins: [origin] });
  });
  afterAll(() => server.close());

  interface Asking {
    readonly method?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  }
  function ask(path: string, { method = 'POST', body = { payloads: [] }, headers = {} }: Asking = {}) {
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise<{ status: number | undefined; headers: Record<string, unknown>; body: string }>(
      (resolve, reject) => {
        const asked = request(`${server.address}${path}`, { method, headers }, (response) => {
          text(response).then(
            (body) => resolve({ status: response.statusCode, headers: response.headers, body }),
            reject,
          );
        });
        asked.once('error', reject);
        asked.end(method === 'POST' ? sent : undefined);
      },
    );
  }

  it('decrypts and encrypts payloads in the JSON of protobuf, for pages of the UI', async () => {
    const plain = { metadata: { encoding: Buffer.from('json/plain').toString('base64') }, data: 'IlFvIg==' };
    const encoded = await ask('/encode', { body: { payloads: [plain] }, headers: { origin } });
    expect(encoded).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin } });
    expect(encoded.body).not.toContain('IlFvIg');
    const decoded = await ask('/anything/decode?x=1', { body: encoded.body });
    expect(JSON.parse(decoded.body)).toEqual({ payloads: [plain] });
  });

  it('answers what a browser asks before', async () => {
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-namespace',
    };
    expect(await ask('/decode', { method: 'OPTIONS', headers })).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': expect.stringContaining('x-namespace'),
      },
    });
  });

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:82330', 'https://127.0.0.1:8233'])(
    'answers no page of %s',
    async (other) => {
      const { status, headers, body } = await ask('/decode', { headers: { origin: other } });
      expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined]);
      expect(body).not.toContain('payloads');
    },
  );

  it('answers under no other name, which a page could have given it', async () => {
    expect(await ask('/decode', { headers: { host: 'evil.example:8234' } })).toMatchObject({ status: 403 });
    expect(await ask('/decode', { headers: { host: 'localhost:8234' } })).toMatchObject({ status: 200 });
  });

  it.each([
    ['/other', {}, 404],
    ['/decode', { method: 'GET' }, 405],
    ['/decode', { body: '{' }, 400],
    ['/decode', { body: { payloads: [{ data: '%' }] } }, 400],
    ['/decode', { body: { payloads: 1 } }, 400],
  ] as const)('%s %j is answered %i', async (path, asking, status) => {
    expect(await ask(path, asking)).toMatchObject({ status });
  });

  it('says which key is missing', async () => {
    const encrypted = await codecWith(`old:${keyOf(2)}`).encode([payloadOf('x')]);
    const payloads = encrypted.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
      ),
      data: Buffer.from(data ?? []).toString('base64'),
    }));
    const { status, body } = await ask('/decode', { body: { payloads } });
    expect([status, body]).toEqual([400, expect.stringContaining('the key "old", which is not given (given are new)')]);
  });

  it('is refused a port that is taken', async () => {
    const { port } = new URL(server.address);
    const second = startCodecServer({ codec, port: Number(port), origins: [] });
    await expect(second).rejects.toMatchObject({
      name: 'InvalidSettings',
      message: expect.stringContaining(`port ${port}`),
    });
  });
});
