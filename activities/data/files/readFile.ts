/**
 * A data file from wherever it lies: the folder of published data sets, an absolute path, the run's own bucket (`s3://`) or
 * the web (`https://`). Its content is checked against the checksum given for it, and cut into rows.
 */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { DataFileSpec } from '../../../workflows/config/data.js';
import { InvalidData, StoreUnavailable } from '../../errors.js';
import { required } from '../../invariant.js';
import type { Store } from '../../store/types.js';
import type { DataFile } from '../types.js';
import { download, tooLarge } from './download.js';
import { type FileRow, formatOf, readers } from './formats.js';

/** A file is held in memory whole, and JavaScript's longest text is a little over this. */
const mostBytes = 500 * 2 ** 20;

export interface FileAccess {
  /** The folder of published data sets, from `REFT_DATA_DIR`: relative paths start there. */
  readonly directory: string | undefined;
  /** `s3://` names objects of its bucket, or of others on the same server. */
  readonly store: Pick<Store, 'bucket' | 'read'>;
  readonly signal: AbortSignal;
}

export interface ReadFile {
  readonly file: DataFile;
  readonly rows: readonly FileRow[];
}

/** @throws InvalidData naming the file and what is wrong; DownloadFailed or StoreUnavailable when a retry may succeed. */
export async function readDataFile(spec: DataFileSpec, access: FileAccess): Promise<ReadFile> {
  const { from, sha256: expected, format: given } = typeof spec === 'string' ? { from: spec } : spec;
  // What follows may be a signature that gives access.
  const name = /^https?:/.test(from) ? from.replace(/[?#].*$/, '') : from;
  const format = given ?? formatOf(name);
  if (format === undefined) throw new InvalidData(`${name}: its name tells no format; give {"from": …, "format": …}`);

  const content = await readContent(from, name, access);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (expected !== undefined && sha256 !== expected.toLowerCase())
    throw new InvalidData(`${name}: its sha256 is ${sha256}, the specification says ${expected}`);
  let rows: readonly FileRow[];
  try {
    rows = await readers[format](content);
  } catch (error) {
    throw new InvalidData(`${name} cannot be read as ${format}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  if (rows.length === 0) throw new InvalidData(`${name} has no rows`);
  return { file: { name, sha256, rows: rows.length }, rows };
}

async function readContent(from: string, name: string, access: FileAccess): Promise<Uint8Array> {
  if (/^https?:/.test(from)) return download(from, name, { mostBytes, signal: access.signal });
  if (from.startsWith('s3:')) return readObject(from, access.store);
  return readLocal(from, access.directory);
}

async function readObject(from: string, store: FileAccess['store']): Promise<Uint8Array> {
  const [, bucket, key] = required(/^s3:\/\/([^/]+)\/(.+)$/.exec(from), `a bucket and a key in ${from}`);
  const content = await store.read(required(key, 'a key'), bucket).catch((error: unknown) => {
    // Credentials for the run's own bucket may be renewed any moment; another's will not come to be.
    const isHopeless = error instanceof StoreUnavailable && error.isRefused && bucket !== store.bucket;
    throw isHopeless ? new InvalidData(`${from}: ${error.message}`, { cause: error }) : error;
  });
  if (content === null) throw new InvalidData(`${from}: there is no such object`);
  if (content.byteLength > mostBytes) throw tooLarge(from, mostBytes);
  return content;
}

async function readLocal(from: string, directory: string | undefined): Promise<Uint8Array> {
  const path = isAbsolute(from) ? from : join(needDirectory(directory, from), from);
  try {
    if ((await stat(path)).size > mostBytes) throw tooLarge(path, mostBytes);
    return await readFile(path);
  } catch (error) {
    if (error instanceof InvalidData) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const folder = isAbsolute(from) ? 'on the machine of this worker' : `REFT_DATA_DIR is ${directory}`;
    throw new InvalidData(`cannot read ${path} (${code}); ${folder}`);
  }
}

function needDirectory(directory: string | undefined, file: string): string {
  if (directory === undefined)
    throw new InvalidData(`REFT_DATA_DIR is not set: it must name the folder that holds ${file}`);
  return directory;
}
