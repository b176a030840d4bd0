/** Heartbeats and cancellation of an activity at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { heartbeatWhile } from '../../activities/heartbeatWhile.js';

describe('heartbeatWhile', () => {
  it('heartbeats at once and each second, with the latest progress and how long it has been quiet', async () => {
    const environment = new MockActivityEnvironment();
    const heartbeats: unknown[] = [];
    environment.on('heartbeat', (details) => heartbeats.push(details));
    const result = await environment.run(() =>
      heartbeatWhile('batches', async (report) => {
        report(1, 9);
        report(3, 9);
        await sleep(1_200);
        return 'done';
      }),
    );
    expect(result).toBe('done');
    expect(heartbeats).toEqual([
      { done: 0, total: 0, unit: 'batches', quietSeconds: 0 },
      { done: 3, total: 9, unit: 'batches', quietSeconds: 1 },
    ]);
    await sleep(1_100);
    expect(heartbeats).toHaveLength(2);
  });

  it('aborts the work when the activity is cancelled, and ends it as cancelled whatever the work throws', async () => {
    const environment = new MockActivityEnvironment();
    const running = environment.run(() =>
      heartbeatWhile('batches', async (_, signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new Error('the engine was interrupted');
      }),
    );
    environment.cancel('CANCELLED');
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
  });

  it('leaves other failures as they are', async () => {
    const running = new MockActivityEnvironment().run(() =>
      heartbeatWhile('batches', () => Promise.reject(new TypeError('broken'))),
    );
    await expect(running).rejects.toThrow(new TypeError('broken'));
  });

  it('runs the work where there is no activity', async () => {
    expect(await heartbeatWhile('batches', async (report) => report(1, 1) ?? 'done')).toBe('done');
  });
});
