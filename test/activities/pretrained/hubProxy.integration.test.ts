/** Models of the hub through a forward proxy: plain requests, and tunnels to a hub whose authority is one's own. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ForwardProxy, startForwardProxy } from '../../support/forwardProxy.js';
import { type Front, startFront } from '../store/pickyFront.js';
import { type HubServer, startHub } from './hubServer.js';
import { temporaryDirectory } from './modelFolders.js';

const directory = await temporaryDirectory();
const script = fileURLToPath(new URL('./hubClient.ts', import.meta.url));
const authority = fileURLToPath(new URL('../../support/certificates/authority.pem', import.meta.url));
const content = Buffer.from('{"model_type": "gpt2"}');
const token = 'plain-token-of-a-mirror';

let hub: HubServer;
let front: Front;
let proxy: ForwardProxy;
let fetched = 0;
beforeEach(async () => {
  hub = await startHub(new Map([['config.json', content]]), token);
  front = await startFront(hub.endpoint, { rules: [], isSecure: true });
  proxy = await startForwardProxy();
});
afterEach(async () => {
  await front.close();
  await proxy.close();
});

/** The file as a process with these variables gets it. */
async function fetchWith(variables: Readonly<Record<string, string>>): Promise<Buffer> {
  const target = join(directory, `config-${fetched++}.json`);
  const env = { PATH: process.env.PATH, HF_TOKEN: token, ...variables };
  await promisify(execFile)(process.execPath, ['--import', 'tsx', script, 'config.json', target], { env });
  return readFile(target);
}

describe('case proxy: the hub', () => {
  it('over http is reached by requests that the proxy sends', async () => {
    const { port } = new URL(hub.endpoint);
    const HF_ENDPOINT = `http://hub.s3.example:${port}`;
    expect(await fetchWith({ HF_ENDPOINT, HTTP_PROXY: proxy.address })).toEqual(content);
    expect(proxy.asked.filter((one) => !one.startsWith(`GET ${HF_ENDPOINT}/`))).toEqual([]);
    expect(proxy.asked).toHaveLength(hub.requests.length);
  });

  it('over https is reached through a tunnel, trusting NODE_EXTRA_CA_CERTS', async () => {
    const HF_ENDPOINT = `https://hub.s3.example:${front.port}`;
    const variables = { HF_ENDPOINT, HTTPS_PROXY: proxy.address, NODE_EXTRA_CA_CERTS: authority };
    expect(await fetchWith(variables)).toEqual(content);
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT hub.s3.example:${front.port}`]));
    expect(new Set(hub.requests.map((request) => request.token))).toEqual(new Set([`Bearer ${token}`]));
  });

  it('is reached directly where NO_PROXY says so', async () => {
    const variables = { HF_ENDPOINT: front.endpoint, HTTPS_PROXY: proxy.address, NO_PROXY: '127.0.0.1' };
    expect(await fetchWith({ ...variables, NODE_EXTRA_CA_CERTS: authority })).toEqual(content);
    expect(proxy.asked).toEqual([]);
  });
});
