/** Which addresses requests may go to: as they are written, as names are looked up, and where servers lead. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAskHttp } from '../../../activities/askHttp.js';
import { download } from '../../../activities/data/files/download.js';
import { addressRule, RefusedAddress, refusalIn } from '../../../activities/network/addresses.js';
import { openHub } from '../../../activities/pretrained/hub.js';

const check = (address: string, environment: NodeJS.ProcessEnv = {}): void =>
  addressRule(environment).check(new URL(address));

const look = (host: string, environment: NodeJS.ProcessEnv): Promise<unknown> =>
  new Promise((resolve, reject) => {
    addressRule(environment).lookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });

describe('addresses', () => {
  it.each([
    ['metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['credentials of a container', 'http://169.254.170.2/v2/credentials'],
    ['a number in one piece', 'http://2852039166/'],
    ['octal digits', 'http://0251.0376.0251.0376/'],
    ['IPv4 in IPv6', 'http://[::ffff:169.254.169.254]/'],
    ['IPv4 behind NAT64', 'http://[64:ff9b::a9fe:a9fe]/'],
    ['metadata of AWS in IPv6', 'http://[fd00:ec2::254]/'],
    ['metadata of Google Cloud in IPv6', 'http://[fd20:ce::254]/'],
    ['link-local in IPv6', 'http://[fe80::1]/'],
    ['Azure’s platform', 'http://168.63.129.16/'],
    ['metadata of Alibaba', 'https://100.100.100.200/'],
    ['no host', 'http://0.0.0.0:80/'],
    ['no host in IPv6', 'http://[::]/'],
    ['many hosts', 'http://224.0.0.1/'],
  ])('are refused: %s', (_, address) => {
    expect(() => check(address)).toThrow(RefusedAddress);
  });

  it.each([
    'http://127.0.0.1:9000',
    'http://[::1]/',
    'http://10.1.2.3/',
    'http://192.168.0.9/',
    'https://example.org/',
  ])('are not refused: %s', (address) => {
    check(address);
  });

  it('are refused and allowed by variables, which may name ranges', () => {
    const environment = { REFT_REFUSE_ADDRESSES: '10.0.0.0/8, ::1', REFT_ALLOW_ADDRESSES: '10.9.0.0/16,169.254.1.1' };
    for (const refused of ['http://10.1.1.1/', 'http://[::1]/', 'http://169.254.169.254/'])
      expect(() => check(refused, environment)).toThrow(RefusedAddress);
    for (const allowed of ['http://10.9.1.1/', 'http://169.254.1.1/']) check(allowed, environment);
    expect(() => addressRule({ REFT_REFUSE_ADDRESSES: 'localhost' })).toThrow(
      expect.objectContaining({
        name: 'InvalidSettings',
        message: expect.stringMatching(/"localhost".*10\.0\.0\.0\/8/),
      }),
    );
  });

  it('are refused behind a name', async () => {
    await expect(look('localhost', { REFT_REFUSE_ADDRESSES: '127.0.0.0/8,::1' })).rejects.toThrow(RefusedAddress);
    expect(await look('localhost', {})).toContainEqual(expect.objectContaining({ address: expect.any(String) }));
  });

  it('are found in what fetch makes of a refusal', () => {
    const refusal = new RefusedAddress('a', '169.254.0.1');
    expect(refusalIn(new TypeError('fetch failed', { cause: refusal }))).toBe(refusal);
    expect(refusalIn(new TypeError('fetch failed', { cause: new Error('other') }))).toBeUndefined();
  });
});

describe('requests to refused addresses', () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer((_, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/secret' }).end(),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const options = { mostBytes: 100, signal: new AbortController().signal };
  const path = join(tmpdir(), 'reft-never-written');
  const refused = (name: string) => ({ name, message: expect.stringContaining('169.254.169.254 are refused') });

  it('are not sent for data, where a server leads to one either', async () => {
    for (const from of ['http://169.254.169.254/rows', `${address}/rows`])
      await expect(download(from, 'rows', path, options)).rejects.toMatchObject(refused('InvalidData'));
  });

  it('are not sent for scores, and not tried again', async () => {
    const ask = createAskHttp({});
    const scorer = { url: 'http://169.254.169.254/score', header: null, timeoutSeconds: 5, tries: 5 };
    const asked = ask(scorer, { examples: [], responses: [] }, { hash: 'h', signal: options.signal });
    await expect(asked).rejects.toMatchObject(refused('ScorerRefused'));
  });

  it('are not sent for models, where a hub leads to one', async () => {
    await expect(openHub('model', 'org/name', 'main', { endpoint: address })).rejects.toMatchObject(
      refused('InvalidModel'),
    );
  });
});
