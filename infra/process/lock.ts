/** One process at a time. A lock whose holder was killed goes stale after ten seconds. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lock } from 'proper-lockfile';
import type { Log } from '../../activities/log.js';

/**
 * Runs `work` while holding the lock at `path`, waiting up to ten minutes for another process to release it.
 * @param path a name of its own; its folder is made where missing
 */
export async function withLock<Result>(path: string, log: Log, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const options = {
    lockfilePath: path,
    // Locks are told apart by the path they are asked for, which need not exist.
    realpath: false,
    stale: 10_000,
    // A machine that slept through it: going on is better than the default, ending the process.
    onCompromised: () => {},
  };
  const release = await lock(path, options).catch(() => {
    log('info', `waiting for another process to release ${path}`);
    const retries = { forever: true, minTimeout: 200, maxTimeout: 200, maxRetryTime: 600_000 };
    return lock(path, { ...options, retries });
  });
  try {
    return await work();
  } finally {
    await release().catch(() => {});
  }
}
