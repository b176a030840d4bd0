/** The cache of a machine's worker processes, which share it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bytesHeld } from './bytesHeld.js';

test('three processes sharing a small folder never see a damaged or half-written copy', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reft-cache-'));
  const script = new URL('./cacheProcess.ts', import.meta.url).pathname;
  const runs = await Promise.all(
    [1, 2, 3].map(() => promisify(execFile)(process.execPath, ['--import', 'tsx', script, folder])),
  );
  for (const { stdout } of runs) expect(JSON.parse(stdout)).toMatchObject({ damaged: 0, used: expect.any(Number) });
  expect(await bytesHeld(folder)).toBeLessThanOrEqual(60 * 20_000);
  await rm(folder, { recursive: true });
});
