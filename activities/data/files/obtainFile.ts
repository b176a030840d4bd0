/**
 * Brings a data file to this machine's disk, from wherever it lies: the folder of published data sets, an absolute path, the run's
 * own bucket (`s3://`), the web (`https://`) or the Hugging Face hub (`hf:`).
 */
import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { DataFileSpec } from '../../../workflows/config/data.js';
import { InvalidData, StoreRefused } from '../../errors.js';
import { required } from '../../invariant.js';
import { findReadable } from '../../readableFolders.js';
import { runPrefix } from '../../store/runKeys.js';
import { mostFileBytes } from './bounds.js';
import { download, tooLarge } from './download.js';
import type { FileAccess, ObtainedFile, Split } from './fileAccess.js';
import { obtainFromHub } from './hubFiles.js';

/**
 * What a specification names: a file, or of the hub several, in order.
 *
 * @throws InvalidData naming the file and what is wrong; DownloadFailed or StoreUnavailable when a retry may succeed.
 */
export async function obtainFiles(
  spec: DataFileSpec,
  split: Split,
  access: FileAccess,
): Promise<readonly ObtainedFile[]> {
  const { from } = typeof spec === 'string' ? { from: spec } : spec;
  if (from.startsWith('hf:')) return obtainFromHub(spec, split, access);
  // What follows may be a signature that gives access.
  const name = /^https?:/.test(from) ? from.replace(/[?#].*$/, '') : from;
  if (!/^(https?|s3|annotation):/.test(from)) return [{ name, path: await findLocal(from, access.directory) }];
  const path = join(access.workDirectory, randomUUID());
  if (from.startsWith(annotationStart)) await saveAnnotation(from.slice(annotationStart.length), path, access.store);
  else if (from.startsWith('s3:')) await saveObject(from, path, access.store);
  else await download(from, name, path, { mostBytes: mostFileBytes, signal: access.signal });
  return [{ name, path }];
}

const annotationStart = 'annotation:';

/** The rows of an annotation, by its id or by their sha256. */
async function saveAnnotation(named: string, path: string, store: FileAccess['store']): Promise<void> {
  const isHash = /^[0-9a-f]{64}$/.test(named);
  const key = isHash ? `objects/${named}` : `${runPrefix(named)}/annotated.jsonl`;
  if (await store.saveTo(key, path)) return;
  throw new InvalidData(`${annotationStart}${named}: there is no such annotation, or it has not finished`);
}

async function saveObject(from: string, path: string, store: FileAccess['store']): Promise<void> {
  const [, bucket, key] = required(/^s3:\/\/([^/]+)\/(.+)$/.exec(from), `a bucket and a key in ${from}`);
  const found = await store.saveTo(required(key, 'a key'), path, bucket).catch((error: unknown) => {
    // Credentials for the run's own bucket may be renewed any moment; another's will not come to be.
    const isHopeless = error instanceof StoreRefused && bucket !== store.bucket;
    throw isHopeless ? new InvalidData(`${from}: ${error.message}`, { cause: error }) : error;
  });
  if (!found) throw new InvalidData(`${from}: there is no such object`);
}

async function findLocal(from: string, directory: string | undefined): Promise<string> {
  const path = isAbsolute(from) ? from : join(needDirectory(directory, from), from);
  const refuse = (problem: string): never => {
    const where = isAbsolute(from)
      ? 'on the machine of this worker; s3://bucket/key names a file that every worker reads'
      : `REFT_DATA_DIR is ${directory}, where paths start of files that were not beside the specification`;
    throw new InvalidData(`cannot read ${path} (${problem}); ${where}`);
  };
  const readable = await findReadable(path, { dataDirectory: directory });
  if ('problem' in readable) return refuse(readable.problem);
  const found = await stat(readable.path).catch((error: NodeJS.ErrnoException) => refuse(String(error.code)));
  if (!found.isFile()) refuse('no file');
  if (found.size > mostFileBytes) throw tooLarge(path, mostFileBytes);
  return readable.path;
}

function needDirectory(directory: string | undefined, file: string): string {
  if (directory === undefined)
    throw new InvalidData(
      `${file} is a relative path, which starts at the folder REFT_DATA_DIR of the worker, and that is not set; set it, give an absolute path or s3://bucket/key, or have the file beside the specification that the command reft is given`,
    );
  return directory;
}
