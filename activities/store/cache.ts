/**
 * The local copies of objects: a folder of read-only files named by their sha256, bounded in bytes, shared by any number of worker
 * processes.
 *
 * Files appear by rename, so no reader sees half of one. A copy is hashed when a process first uses it, which finds damage; after
 * that an unchanged size and modification time are enough, because hashing a large model for each activity would take seconds.
 *
 * Every use sets a copy's access time, and the least recently used copies are evicted first. A copy that any process used within
 * `inUseMilliseconds` stays, because a process may be about to open its path. (A file that is open can be read after its eviction.)
 * So the folder may exceed its bound for a while. On a full disk all copies go that are not in use.
 */
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from './digest.js';

const inUseMilliseconds = 10 * 60_000;
/** The same when the disk is full: whoever was about to open a copy has done so. */
const inUseWhenFullMilliseconds = 60_000;
/** An unfinished file that nobody has written to for this long was left by a killed process. */
const abandonedMilliseconds = 60 * 60_000;
/** The folder is measured whenever this fraction of its bound has been added, and shrunk until so much is free. */
const slack = 1 / 20;

export interface Cache {
  /** Path of the verified copy; null when there is none. Removes a damaged copy. */
  find(sha256: string, bytes: number): Promise<string | null>;
  /** A new path in the cache's folder to write a file to, for `adopt`. */
  temporaryPath(): Promise<string>;
  /** Moves a file whose hash the caller has just computed into the cache. Returns its new path. */
  adopt(path: string, sha256: string): Promise<string>;
  /** Removes every copy that is not in use, for a disk that is full. */
  makeRoom(): Promise<void>;
}

/** @param bytes the bound of the folder. */
export function createCache(directory: string, bytes: number): Cache {
  const objects = join(directory, 'objects');
  const incoming = join(directory, 'incoming');
  const verified = new Map<string, { readonly bytes: number; readonly modified: number }>();
  let unmeasured = Number.POSITIVE_INFINITY;
  let shrinking: Promise<void> | null = null;

  async function find(sha256: string, expectedBytes: number): Promise<string | null> {
    const path = join(objects, sha256);
    try {
      const { size, mtimeMs } = await stat(path);
      // Marked as used before it is hashed, so that no other process evicts it meanwhile.
      await utimes(path, Date.now() / 1000, mtimeMs / 1000);
      const known = verified.get(sha256);
      const unchanged = known?.bytes === size && known.modified === mtimeMs;
      if (size === expectedBytes && (unchanged || (await sha256OfFile(path)) === sha256)) {
        verified.set(sha256, { bytes: size, modified: mtimeMs });
        return path;
      }
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
    await rm(path, { force: true });
    return null;
  }

  async function temporaryPath(): Promise<string> {
    await mkdir(incoming, { recursive: true });
    return join(incoming, randomUUID());
  }

  async function adopt(source: string, sha256: string): Promise<string> {
    await mkdir(objects, { recursive: true });
    const path = join(objects, sha256);
    const own = await temporaryPath();
    await moveFile(source, own);
    await chmod(own, 0o444);
    // Whole seconds, because a later change of the access time would round fractions. Set before the rename, or another process
    // might take the file for one that has not been used for long.
    const modified = Math.floor(Date.now() / 1000);
    await utimes(own, Date.now() / 1000, modified);
    const { size } = await stat(own);
    await rename(own, path);
    verified.set(sha256, { bytes: size, modified: modified * 1000 });
    unmeasured += size;
    if (unmeasured > bytes * slack) {
      shrinking ??= shrink().finally(() => {
        shrinking = null;
      });
      await shrinking;
    }
    return path;
  }

  async function shrink(): Promise<void> {
    unmeasured = 0;
    await evict(bytes * (1 - slack), inUseMilliseconds);
    const now = Date.now();
    for (const file of await filesOf(incoming))
      if (now - file.modified > abandonedMilliseconds) await rm(file.path, { force: true });
  }

  /** Removes the longest unused copies until no more than `most` bytes are left. */
  async function evict(most: number, inUse: number): Promise<void> {
    const now = Date.now();
    const copies = (await filesOf(objects)).sort((a, b) => a.used - b.used);
    let total = copies.reduce((sum, copy) => sum + copy.bytes, 0);
    for (const copy of copies) {
      if (total <= most) break;
      const current = await stat(copy.path).catch(() => null);
      if (current === null || now - current.atimeMs < inUse) continue;
      await rm(copy.path, { force: true });
      total -= copy.bytes;
    }
  }

  async function makeRoom(): Promise<void> {
    await mkdir(objects, { recursive: true });
    await evict(0, inUseWhenFullMilliseconds);
  }

  return { find, temporaryPath, adopt, makeRoom };
}

interface CachedFile {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970, both. */
  readonly used: number;
  readonly modified: number;
}

async function filesOf(directory: string): Promise<CachedFile[]> {
  const files: CachedFile[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    // Another process may have evicted it since the folder was listed.
    const entry = await stat(path).catch(() => null);
    if (entry?.isFile()) files.push({ path, bytes: entry.size, used: entry.atimeMs, modified: entry.mtimeMs });
  }
  return files;
}

/** Moves by rename, across file systems by a copy. */
async function moveFile(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    await copyFile(source, target).catch(async (copying: unknown) => {
      await rm(target, { force: true });
      throw copying;
    });
    await rm(source);
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
