/** What is read from the web goes through a real forward proxy on the loopback address. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { download } from '../../../activities/data/files/download.js';
import { fetchFromWeb } from '../../../activities/network/fetch.js';
import { type ForwardProxy, startForwardProxy } from '../../support/forwardProxy.js';

let server: Server;
let port: number;
let proxy: ForwardProxy;
let directory: string;

beforeEach(async () => {
  for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toUpperCase(), '');
  }
  server = createServer((request, response) => {
    if (request.url === '/elsewhere') response.writeHead(302, { location: `http://other.example:${port}/here` }).end();
    else response.end(`${request.headers.host}${request.url}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  proxy = await startForwardProxy();
  directory = await mkdtemp(join(tmpdir(), 'reft-fetch-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.close();
  server.closeAllConnections();
  await proxy.close();
  await rm(directory, { recursive: true });
});

const textOf = async (address: string): Promise<string> => (await fetchFromWeb(address)).text();

describe('case proxy: the web', () => {
  it('is read through HTTP_PROXY, whose side the names are looked up on', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.address);
    expect(await textOf(`http://data.example:${port}/a`)).toBe(`data.example:${port}/a`);
    expect(proxy.asked).toEqual([`GET http://data.example:${port}/a`]);
  });

  it('is read directly where NO_PROXY says so, also at the end of a redirection', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.address);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    expect(await textOf(`http://127.0.0.1:${port}/elsewhere`)).toBe(`other.example:${port}/here`);
    expect(proxy.asked).toEqual([`GET http://other.example:${port}/here`]);
  });

  it('is read by the downloads of data', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.address);
    const address = `http://data.example:${port}/elsewhere`;
    const path = join(directory, 'rows');
    await download(address, 'rows', path, { mostBytes: 100, signal: new AbortController().signal });
    expect(await readFile(path, 'utf8')).toBe(`other.example:${port}/here`);
    expect(proxy.asked).toHaveLength(2);
  });

  it('is not read where the variable names no proxy', async () => {
    vi.stubEnv('HTTP_PROXY', 'socks5://127.0.0.1:1');
    const options = { mostBytes: 1, signal: new AbortController().signal };
    const failed = download(`http://127.0.0.1:${port}`, 'rows', join(directory, 'rows'), options);
    await expect(failed).rejects.toMatchObject({ name: 'InvalidSettings' });
  });

  it('is read with the user and password that the proxy asks for', async () => {
    const guarded = await startForwardProxy('me:p@ss');
    vi.stubEnv('HTTP_PROXY', guarded.address.replace('//', '//me:p%40ss@'));
    expect(await textOf(`http://data.example:${port}/`)).toBe(`data.example:${port}/`);
    await guarded.close();
  });
});
