/** What all activities have in common. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { DiskFull } from '../../activities/errors.js';
import { createActivities, type Dependencies } from '../../activities/index.js';

/** Store, engine and sandbox that never answer. */
const hanging: unknown = new Proxy({}, { get: () => () => new Promise(() => undefined) });
const dependencies = { store: hanging, engine: hanging, sandbox: hanging, workDirectory: '/nowhere' };
const { engine, general } = createActivities(dependencies as Dependencies);

describe('every activity', () => {
  // However long it waits for a slow store, its heartbeats tell that its worker lives.
  it.each(Object.entries({ ...engine, ...general }))('%s heartbeats at once', async (_, activity) => {
    // The activity fails on its empty input afterwards: no need to read of it.
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    const heartbeats: unknown[] = [];
    environment.on('heartbeat', (details) => heartbeats.push(details));
    const input = { data: { endTokens: [0] }, model: {} };
    environment.run(activity as (input: unknown) => Promise<unknown>, input).catch(() => undefined);
    await expect.poll(() => heartbeats.length).toBeGreaterThan(0);
  });

  it('has copies make room for its next attempt where it finds a disk full', async () => {
    let rooms = 0;
    const makeRoom = async (): Promise<void> => {
      rooms += 1;
    };
    const read = () => Promise.reject(new DiskFull('no room left'));
    const full = createActivities({ ...dependencies, store: { read, makeRoom } } as unknown as Dependencies);
    const recalled = full.general.recallResult({ unit: 'training', edition: 1, content: {} });
    await expect(recalled).rejects.toThrow('no room left');
    expect(rooms).toBe(1);
  });
});
