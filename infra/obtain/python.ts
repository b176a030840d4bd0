/** A Python whose pip can fetch wheels. */
import { findOnPath, firstLine } from './commands.js';

export interface Python {
  readonly path: string;
  /** As `pip --version` tells it. */
  readonly pip: string;
}

/** The first of `python3`, `python` on PATH that has pip; null when neither does. */
export async function findPython(): Promise<Python | null> {
  for (const name of ['python3', 'python']) {
    const path = await findOnPath(name);
    const pip = path && (await firstLine(path, ['-m', 'pip', '--version']));
    if (path && pip) return { path, pip };
  }
  return null;
}
