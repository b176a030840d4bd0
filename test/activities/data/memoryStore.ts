/** A Store that keeps objects and named objects in memory, for tests of what is written rather than of how it is kept. */
import { createHash } from 'node:crypto';
import type { ObjectRef, Store } from '../../../activities/store/types.js';

type ObjectStore = Pick<Store, 'putBytes' | 'putJson' | 'putLines' | 'getBytes' | 'getJson' | 'getLines'>;

export function createMemoryStore(): Store {
  const objects = new Map<string, Uint8Array>();
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
    putJson: (value) => putText(JSON.stringify(value)),
    putLines: (values) => putText([...values].map((value) => `${JSON.stringify(value)}\n`).join('')),
    getBytes,
    getJson: async (ref) => JSON.parse(await getText(ref)),
    getLines: async (ref) =>
      (await getText(ref))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
  const unused = async (): Promise<never> => {
    throw new Error('the memory store writes no files');
  };
  const named = new Map<string, Uint8Array>();
  return {
    bucket: 'memory',
    ...used,
    putFile: unused,
    getFile: unused,
    publish: async (name, content) => {
      if (!(content instanceof Uint8Array)) return unused();
      named.set(name, content);
    },
    saveTo: unused,
    read: async (name) => named.get(name) ?? null,
  };
}
