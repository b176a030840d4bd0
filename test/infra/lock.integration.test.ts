/** The lock between processes: one holder at a time, and locks of one folder kept apart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withLock } from '../../infra/process/lock.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-lock-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('withLock', () => {
  it('keeps locks in one folder apart, beyond the time after which they are renewed', async () => {
    const held = withLock(
      join(directory, 'slow.lock'),
      () => {},
      () => sleep(6_500, 'slow'),
    );
    const other = await withLock(
      join(directory, 'quick.lock'),
      () => {},
      async () => 'quick',
    );
    expect([other, await held]).toEqual(['quick', 'slow']);
  });

  it('lets one in at a time', async () => {
    const inside: string[] = [];
    const enter = (name: string) =>
      withLock(
        join(directory, 'one.lock'),
        () => {},
        async () => {
          inside.push(`${name} in`);
          await sleep(50);
          inside.push(`${name} out`);
        },
      );
    await Promise.all([enter('a'), enter('b')]);
    expect(inside.map((line) => line.slice(2))).toEqual(['in', 'out', 'in', 'out']);
  });
});
