/** What the data room works with, for tests: no sandbox unless one is given, a store in memory, a folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileAccess } from '../../../activities/data/files/fileAccess.js';
import type { FileRow } from '../../../activities/data/files/fileRow.js';
import { obtainFiles } from '../../../activities/data/files/obtainFile.js';
import { openDataFile } from '../../../activities/data/files/readFile.js';
import type { DataRequest } from '../../../activities/data/sets/dataSet.js';
import type { DataFile } from '../../../activities/data/types.js';
import { required } from '../../../activities/invariant.js';
import { type HubAccess, openHub } from '../../../activities/pretrained/hub.js';
import type { SandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import type { DataFileSpec } from '../../../workflows/config/data.js';
import { createMemoryStore } from './memoryStore.js';

/** Where the data of a test file's activities lie while they are worked on. */
export const workDirectory = mkdtempSync(join(tmpdir(), 'reft-data-work-'));
process.once('exit', () => rmSync(workDirectory, { recursive: true, force: true }));

/** For data that lie elsewhere. */
export const noHub: HubAccess = { endpoint: 'http://127.0.0.1:9' };

/** For data whose programs need no proof. */
export const noSandbox: Pick<SandboxPool, 'run' | 'warmUp'> = {
  warmUp: async () => undefined,
  run: async (programs) => {
    if (programs.length > 0) throw new Error(`${programs.length} programs for a sandbox that is not there`);
    return [];
  },
};

export function fileAccess(
  directory: string | undefined,
  store: FileAccess['store'] = createMemoryStore(),
  hub: HubAccess = noHub,
): FileAccess {
  return {
    directory,
    store,
    openHub: (repository, revision) => openHub('dataset', repository, revision, hub),
    workDirectory,
    signal: new AbortController().signal,
  };
}

export function sourceAccess(
  directory: string | undefined,
  sandbox: Pick<SandboxPool, 'run'> = noSandbox,
): Omit<DataRequest, 'data' | 'seed'> {
  const access = fileAccess(directory);
  return {
    directory,
    workDirectory,
    obtain: (file, split) => obtainFiles(file, split, access),
    runPrograms: (programs) => sandbox.run(programs),
    onProgress: () => undefined,
  };
}

export interface FileRead {
  readonly file: DataFile;
  readonly rows: readonly FileRow[];
}

/** A file from where it lies to its rows. */
export async function readDataFile(spec: DataFileSpec, access: FileAccess): Promise<FileRead> {
  const [obtained] = await obtainFiles(spec, 'train', access);
  const { name, sha256, rows } = await openDataFile(required(obtained, 'a file'), spec, workDirectory);
  const read: FileRow[] = [];
  for await (const row of rows()) read.push(row);
  return { file: { name, sha256, rows: read.length }, rows: read };
}
