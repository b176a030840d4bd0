/** Programs and folders of libraries, obtained once and kept: made in a workspace beside their place and moved there whole, by one process at a time. */
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import type { Log } from '../../activities/log.js';
import { withLock } from '../process/lock.js';

/**
 * Makes sure that something good is at `path`, and returns `path`.
 * @param isGood whether what is at the path, if anything, can be used
 * @param make makes it inside an empty workspace and returns its file or folder there; rejects with the reason if it cannot
 */
export async function keepProgram(
  path: string,
  log: Log,
  isGood: () => Promise<boolean>,
  make: (workspace: string) => Promise<string>,
): Promise<string> {
  if (await isGood()) return path;
  return withLock(`${path}.lock`, log, async () => {
    // Another process may have made it while this one waited.
    if (await isGood()) return path;
    const workspace = `${path}.partial`;
    await rm(workspace, { recursive: true, force: true });
    await mkdir(workspace);
    try {
      const made = await make(workspace);
      await chmod(made, 0o755);
      await rename(made, path);
      return path;
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
  });
}
