/** Data files over TLS, from a server whose certificate a process of its own trusts, or does not. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataFileSpec } from '../../../../workflows/config/data.js';
import type { Outcome } from './webProcess.js';

const certificate = fileURLToPath(new URL('localhost.pem', import.meta.url));
const content = Buffer.from('[{"question": "1 + 1?", "answer": "2"}]');
const sha256 = createHash('sha256').update(content).digest('hex');
let encrypted: string;
let plain: string;
let plainRequests = 0;
const servers: Server[] = [];

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const answers: Readonly<Record<string, string | undefined>> = {
    '/moved.json': '/rows.json',
    '/away.json': '/plain/rows.json',
    '/detour.json': '/plain/back.json',
    '/back.json': '/encrypted/rows.json',
    '/round.json': '/round.json',
  };
  const answer: RequestListener = (request, response) => {
    const [url = ''] = request.url?.split('?') ?? [];
    const place = answers[url]?.replace(/^\/plain/, plain).replace(/^\/encrypted/, encrypted);
    if (place === undefined) response.writeHead(url === '/rows.json' ? 200 : 404).end(content);
    else response.writeHead(302, { location: place }).end();
  };
  const pem = readFileSync(certificate);
  encrypted = `https://localhost:${await listen(createServer({ key: pem, cert: pem }, answer))}`;
  const counting: RequestListener = (request, response) => {
    plainRequests += 1;
    answer(request, response);
  };
  plain = `http://localhost:${await listen(createPlainServer(counting))}`;
});
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function readAll(specs: readonly DataFileSpec[], trusted?: string): Promise<Outcome[]> {
  const script = fileURLToPath(new URL('webProcess.ts', import.meta.url));
  const env = { ...process.env, ...(trusted ? { NODE_EXTRA_CA_CERTS: trusted } : {}) };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, JSON.stringify(specs)], {
    env,
  });
  return JSON.parse(stdout);
}

describe('over TLS', () => {
  it('files are read, checked, and followed to no place without it', async () => {
    const [read, moved, other, away, detour, round] = await readAll(
      [
        { from: `${encrypted}/rows.json`, sha256 },
        { from: `${encrypted}/moved.json`, sha256 },
        { from: `${encrypted}/rows.json?signature=secret`, sha256: sha256.replace(/./g, '0') },
        `${encrypted}/away.json`,
        `${encrypted}/detour.json`,
        `${encrypted}/round.json`,
      ],
      certificate,
    );
    expect(read).toEqual({ sha256 });
    expect(moved).toEqual({ sha256 });
    expect(other).toEqual({
      name: 'InvalidData',
      message: `${encrypted}/rows.json: its sha256 is ${sha256}, the specification says ${'0'.repeat(64)}`,
    });
    const led = (file: string) => ({
      name: 'InvalidData',
      message: `${encrypted}/${file}: the server leads away from https, to ${plain}`,
    });
    expect(away).toEqual(led('away.json'));
    // Even where the way ends in https again: whoever answers in between chooses the end.
    expect(detour).toEqual(led('detour.json'));
    expect(plainRequests).toBe(0);
    expect(round).toMatchObject({ name: 'InvalidData', message: expect.stringMatching(/leads from place to place/) });
  });

  it('a server that nobody vouches for is not believed', async () => {
    const [outcome] = await readAll([`${encrypted}/rows.json`]);
    expect(outcome).toMatchObject({
      name: 'DownloadFailed',
      message: expect.stringMatching(/self.signed certificate/),
    });
  });
});
