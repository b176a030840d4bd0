/** A store for a dry run: what is put is forgotten, but for small objects that are read again; what is read comes from a store that runs. */
import { stat } from 'node:fs/promises';
import { InvalidData } from '../../activities/errors.js';
import { required } from '../../activities/invariant.js';
import { sha256OfBytes } from '../../activities/store/digest.js';
import type { ObjectRef, Store } from '../../activities/store/types.js';

/** @param real where there is one */
export function createDryStore(real: Store | undefined): Store {
  const kept = new Map<string, Uint8Array>();
  const need = (what: string): Store => {
    if (real) return real;
    throw new InvalidData(`${what} lies in the storage: a plan can read it while servers run ("npx reft up")`);
  };
  const putBytes = async (bytes: Uint8Array): Promise<ObjectRef> => {
    const sha256 = sha256OfBytes(bytes);
    const key = `objects/${sha256}`;
    kept.set(key, bytes);
    return { key, sha256, bytes: bytes.byteLength };
  };
  const textOf = (value: unknown): Uint8Array => new TextEncoder().encode(required(JSON.stringify(value), 'JSON'));
  const getBytes = async (ref: ObjectRef): Promise<Uint8Array> => kept.get(ref.key) ?? need(ref.key).getBytes(ref);
  return {
    bucket: real === undefined ? '' : real.bucket,
    addressOf: (name) => need(name).addressOf(name),
    putBytes,
    putFile: async (path) => ({ key: '', sha256: '', bytes: (await stat(path)).size }),
    putJson: (value) => putBytes(textOf(value)),
    putLines: (values) => putBytes(textOf([...values])),
    getBytes,
    getJson: async (ref) => JSON.parse(new TextDecoder().decode(await getBytes(ref))),
    getLines: (ref) => need(ref.key).getLines(ref),
    getFile: (ref) => need(ref.key).getFile(ref),
    makeRoom: async () => undefined,
    publish: async () => undefined,
    saveTo: (name, path, from) => need(from === undefined ? name : `${from}/${name}`).saveTo(name, path, from),
    read: (name, from) => need(name).read(name, from),
  };
}
