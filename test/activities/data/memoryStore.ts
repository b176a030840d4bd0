/**
 * A Store that keeps objects and named objects in memory, for tests of what is written rather than of how it is kept. Objects asked for
 * as files are copied to a folder.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJson } from '../../../activities/store/inForm.js';
import type { ObjectRef, Store } from '../../../activities/store/types.js';

type ObjectStore = Pick<
  Store,
  'putBytes' | 'putFile' | 'getFile' | 'putJson' | 'putLines' | 'getBytes' | 'getJson' | 'getLines'
>;

/** Removed when the process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reft-memory-store-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function createMemoryStore(): Store {
  const objects = new Map<string, Uint8Array>();
  let directory: string | undefined;
  const putBytes = async (bytes: Uint8Array): Promise<ObjectRef> => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const key = `objects/${sha256}`;
    objects.set(key, bytes);
    return { key, sha256, bytes: bytes.length };
  };
  const putText = (text: string): Promise<ObjectRef> => putBytes(new TextEncoder().encode(text));
  const getBytes = async ({ key }: ObjectRef): Promise<Uint8Array> => {
    const bytes = objects.get(key);
    if (bytes === undefined) throw new Error(`no object ${key}`);
    return bytes;
  };
  const getText = async (ref: ObjectRef): Promise<string> => new TextDecoder().decode(await getBytes(ref));
  const used: ObjectStore = {
    putBytes,
    putFile: async (path) => {
      const ref = await putBytes(await readFile(path));
      await rm(path);
      return ref;
    },
    getFile: async (ref) => {
      directory ??= temporaryFolder();
      const path = join(directory, ref.sha256);
      await writeFile(path, await getBytes(ref));
      return path;
    },
    putJson: (value) => putText(JSON.stringify(value)),
    putLines: (values) => putText([...values].map((value) => `${JSON.stringify(value)}\n`).join('')),
    getBytes,
    getJson: async (ref) => parseJson(ref.key, await getText(ref), 'JSON'),
    getLines: async (ref) =>
      (await getText(ref))
        .trimEnd()
        .split('\n')
        .map((line) => parseJson(ref.key, line, 'JSON')),
  };
  const unused = async (): Promise<never> => {
    throw new Error('the memory store writes no files');
  };
  const named = new Map<string, Uint8Array>();
  return {
    bucket: 'memory',
    addressOf: (name) => name,
    ...used,
    publish: async (name, content) => {
      if (!(content instanceof Uint8Array)) return unused();
      named.set(name, content);
    },
    saveTo: unused,
    makeRoom: async () => undefined,
    read: async (name) => named.get(name) ?? null,
  };
}
