/** The server of the live reports over HTTP: who is answered, and with what. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UsageError } from '../../../workers/command/usageError.js';
import { comparedPathOf } from '../../../workers/live/address.js';
import { type LiveServer, startLiveServer } from '../../../workers/live/server.js';

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer(
    {
      list: async () => '<!doctype html>list',
      async run(id) {
        if (id === 'broken') throw new Error('Temporal is <away>');
        return id === 'a/b c' ? `<!doctype html>page of ${id}` : undefined;
      },
      async compare(ids) {
        if (ids.length < 2) throw new UsageError(`${ids.length} runs are chosen`);
        return `<!doctype html>${ids.join(' beside ')}`;
      },
    },
    0,
  );
});
afterAll(() => server.close());

/** `fetch` does not let a caller choose the header `Host`. */
function ask(path: string, host = new URL(server.address).host, method = 'GET') {
  return new Promise<{ status: number | undefined; body: string; headers: NodeJS.Dict<string | string[]> }>(
    (resolve, reject) => {
      request(`${server.address}${path}`, { method, headers: { host } }, async (response) =>
        resolve({ status: response.statusCode, body: await text(response), headers: response.headers }),
      )
        .once('error', reject)
        .end();
    },
  );
}

it('gives the list and each run’s page, kept nowhere and shown in no other page', async () => {
  expect(await ask('/')).toMatchObject({ status: 200, body: '<!doctype html>list' });
  const { status, body, headers } = await ask('/runs/a%2Fb%20c?now');
  expect([status, body]).toEqual([200, '<!doctype html>page of a/b c']);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "frame-ancestors 'none'",
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-reft-live': server.token,
  });
});

it('gives several runs side by side', async () => {
  expect(await ask(comparedPathOf(['a/b c', 'x&run=y']))).toMatchObject({
    status: 200,
    body: '<!doctype html>a/b c beside x&run=y',
  });
  expect(await ask('/compare?run=one')).toMatchObject({ status: 400, body: '1 runs are chosen\n' });
  expect(await ask('/compare')).toMatchObject({ status: 400 });
});

it('refuses whoever asks by another name than the machine’s own', async () => {
  for (const host of ['evil.example', 'evil.example:8236', '127.0.0.1.evil.example', 'localhost.evil.example:1'])
    expect(await ask('/runs/a%2Fb%20c', host), host).toMatchObject({ status: 403 });
  for (const host of ['127.0.0.1', 'localhost:8236', '[::1]:8236'])
    expect(await ask('/', host), host).toMatchObject({ status: 200 });
  expect((await ask('/', 'evil.example')).headers).not.toHaveProperty('x-reft-live');
});

it('tells what is not there and what cannot be told, as text', async () => {
  expect(await ask('/runs/no%3Cb%3E')).toMatchObject({ status: 404, body: 'There is no run "no<b>"\n' });
  expect(await ask('/runs/no')).toMatchObject({ headers: { 'content-type': 'text/plain; charset=utf-8' } });
  for (const path of ['/runs/%E0%A4%A', '/runs/', '/runs/a/b', '/other'])
    expect(await ask(path), path).toMatchObject({ status: 404, body: 'no such page\n' });
  expect(await ask('/runs/broken')).toMatchObject({ status: 503, body: 'Temporal is <away>\n' });
  expect(await ask('/', undefined, 'POST')).toMatchObject({ status: 405 });
  expect(await ask('/', undefined, 'HEAD')).toMatchObject({ status: 200, body: '' });
});
