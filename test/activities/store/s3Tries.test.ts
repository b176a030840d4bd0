/** What the store tells of requests that S3 answers with a fault of its own, most of which it sends again. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../../activities/store/s3.js';

let server: Server;
beforeEach(() => {
  server = createServer();
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** Answers with these statuses, one after the other, and returns what was told of it. */
async function toldOf(statuses: readonly number[]): Promise<unknown[]> {
  const left = [...statuses];
  server.on('request', (_, response) => response.writeHead(left.shift() ?? 500, { 'content-length': 3 }).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const told: unknown[] = [];
  const s3 = connect({
    bucket: 'reft',
    endpoint: `http://127.0.0.1:${address.port}`,
    credentials: { accessKeyId: 'access', secretAccessKey: 'secret' },
    log: (...line) => told.push(line),
  });
  expect(await s3.size('objects/a')).toBe(statuses.at(-1) === 404 ? null : 3);
  return told;
}

test('each failed try is told with what failed, and without the credentials', async () => {
  const failure = { request: 'HeadObjectCommand', error: expect.any(String), status: 503 };
  const told = await toldOf([503, 503, 200]);
  expect(told).toEqual(Array(2).fill(['warn', 'S3 request failed', failure]));
  expect(JSON.stringify(told)).not.toMatch(/access|secret/);
});

test('an object that is not there is no failure', async () => {
  expect(await toldOf([404])).toEqual([]);
});
