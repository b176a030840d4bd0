/**
 * The object store over S3: immutable objects named by their content, and published names whose content may be replaced.
 *
 * `objects/<sha256>` is written once, conditionally, and checked whenever it is read; local copies save requests to S3. Writing the
 * same content twice is harmless, so an activity may simply run again.
 */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'safe-stable-stringify';
import { CorruptObject, InternalError } from '../errors.js';
import { createCache } from './cache.js';
import { sha256OfBytes, sha256OfFile } from './digest.js';
import { parseJson } from './inForm.js';
import { type Fault, type Finding, readUntilSure } from './readAgain.js';
import { keepFromRemoval, usuallyFreshMs } from './removal.js';
import { failOfRoom, isOutOfRoom } from './room.js';
import type { S3Options } from './s3/client.js';
import { type Content, connect, type S3 } from './s3/requests.js';
import type { ObjectRef, Store } from './types.js';

/** From this size on, asking whether an object exists is cheaper than sending it and being refused. */
const askFirstBytes = 2 ** 18;

export interface StoreOptions extends S3Options {
  readonly cacheDirectory: string;
  /** Most bytes of the local copies. */
  readonly cacheBytes: number;
  /** From which age on objects are written again; less than that from which on they are collected. */
  readonly freshMs?: number;
}

/**
 * Opens the store; it sends no request to S3 before the first call. Its functions throw `CorruptObject` when an object is missing or
 * not what its reference says, `StoreRefused` for what a person has to mend, and `StoreUnavailable` for every other failure that may pass.
 * @throws InvalidSettings when the bucket's name is empty, the endpoint is no http(s) address, or another setting cannot be used.
 */
export function createStore(options: StoreOptions): Store {
  const s3 = connect(options);
  const cache = createCache(options.cacheDirectory, options.cacheBytes);
  const { freshMs = usuallyFreshMs } = options;
  const downloads = new Map<string, Promise<string>>();

  /** Uploads from `open`, unless the object exists. One of another size is damaged, and replaced. */
  async function upload(ref: ObjectRef, open: () => Uint8Array | Readable): Promise<void> {
    const put = (onlyIfAbsent: boolean): Promise<boolean> =>
      s3.put(ref.key, open(), { bytes: ref.bytes, contentType: otherContentType, onlyIfAbsent });
    const isSentAtOnce = ref.bytes < askFirstBytes && s3.writesConditionally(ref.bytes);
    if (isSentAtOnce && (await put(true))) return;
    const present = await s3.examine(ref.key);
    if (present === null) await put(true);
    else if (present.bytes !== ref.bytes) await put(false);
    else if (present.ageMs > freshMs) await keepFromRemoval(s3, ref, () => put(false));
  }

  /** Writes into the cache's folder; what has been written is removed when it fails, and copies make room on a full disk. */
  async function writeLocally<T>(write: (temporary: string) => Promise<T>): Promise<T> {
    const temporary = await cache.temporaryPath();
    const attempt = (): Promise<T> => write(temporary).finally(() => rm(temporary, { force: true }));
    try {
      return await attempt();
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      await cache.makeRoom();
      return attempt().catch((again: unknown) => failOfRoom(options.cacheDirectory, again));
    }
  }

  async function putBytes(bytes: Uint8Array): Promise<ObjectRef> {
    const ref = referTo(sha256OfBytes(bytes), bytes.byteLength);
    await writeLocally(async (temporary) => {
      await writeFile(temporary, bytes);
      return cache.adopt(temporary, ref.sha256);
    });
    await upload(ref, () => bytes);
    return ref;
  }

  async function putFile(path: string): Promise<ObjectRef> {
    const ref = referTo(await sha256OfFile(path), (await stat(path)).size);
    const copy = await writeLocally(() => cache.adopt(path, ref.sha256));
    await upload(ref, () => createReadStream(copy));
    return ref;
  }

  async function getFile(ref: ObjectRef): Promise<string> {
    const running = downloads.get(ref.key);
    if (running !== undefined) return running;
    const promise = findOrDownload(ref).finally(() => downloads.delete(ref.key));
    downloads.set(ref.key, promise);
    return promise;
  }

  async function findOrDownload(ref: ObjectRef): Promise<string> {
    return (await cache.find(ref.sha256, ref.bytes)) ?? (await download(ref));
  }

  async function download(ref: ObjectRef): Promise<string> {
    const finding = await readUntilSure(
      ref.key,
      s3,
      (by) => writeLocally((temporary) => downloadOnce(ref, by, temporary)),
      options.log,
    );
    if ('value' in finding) return finding.value;
    throw corrupt(ref.key, finding.fault);
  }

  async function downloadOnce(ref: ObjectRef, by: S3, temporary: string): Promise<Finding<string>> {
    const found = await by.get(ref.key);
    if (found === null) return { fault: { expected: `${ref.bytes} bytes`, got: nothing } };
    const hash = createHash('sha256');
    await pipeline(hashed(ref.key, found.body, hash), createWriteStream(temporary));
    const got = hash.digest('hex');
    if (got !== ref.sha256) return { fault: { expected: `sha256 ${ref.sha256}`, got } };
    return { value: await cache.adopt(temporary, ref.sha256) };
  }

  /** Passes the body on and hashes it. Only errors of the body are S3's; one of the disk stays what it is. */
  async function* hashed(key: string, body: Readable, hash: Hash, from?: string): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) {
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      throw s3.failure(key, error, from);
    }
  }

  /** Whether the named object could be read, by `take`, which is done again when it could not be read right. */
  async function readPublished<T>(
    name: string,
    from: string | undefined,
    take: (body: AsyncGenerator<Uint8Array>) => Promise<T>,
  ): Promise<T | null> {
    const read = async (by: S3): Promise<Finding<T>> => {
      const found = await by.get(name, from);
      if (found === null) return { fault: { expected: 'an object', got: nothing, isNoSurprise: true } };
      const hash = createHash('sha256');
      const value = await take(hashed(name, found.body, hash, from));
      const fault = faultOf(found, hash);
      return fault === null ? { value } : { fault };
    };
    const finding = await readUntilSure(name, s3, read, options.log);
    if ('value' in finding) return finding.value;
    if (finding.fault.isNoSurprise) return null;
    throw corrupt(name, finding.fault);
  }

  /** Hashes the content again: objects that are read into memory are small. */
  async function getBytes(ref: ObjectRef): Promise<Uint8Array> {
    const bytes = await readFile(await getFile(ref));
    if (sha256OfBytes(bytes) === ref.sha256) return bytes;
    return readFile(await download(ref));
  }

  async function getText(ref: ObjectRef): Promise<string> {
    return new TextDecoder().decode(await getBytes(ref));
  }

  async function getJson(ref: ObjectRef): Promise<unknown> {
    return parseJson(ref.key, await getText(ref), 'JSON');
  }

  async function getLines(ref: ObjectRef): Promise<unknown[]> {
    const lines = (await getText(ref)).split('\n').filter((line) => line !== '');
    return lines.map((line, index) => parseJson(ref.key, line, `JSON on line ${index + 1}`));
  }

  async function publish(name: string, content: Uint8Array | { readonly file: string }): Promise<void> {
    if (name.startsWith('objects/'))
      throw new InternalError(`${name}: names under objects/ belong to immutable objects`);
    const isFile = !(content instanceof Uint8Array);
    await s3.put(name, isFile ? createReadStream(content.file) : content, {
      bytes: isFile ? (await stat(content.file)).size : content.byteLength,
      contentType: contentTypeOf(name),
      onlyIfAbsent: false,
      sha256: isFile ? await sha256OfFile(content.file) : sha256OfBytes(content),
    });
  }

  function read(name: string, from?: string): Promise<Uint8Array | null> {
    return readPublished(name, from, buffer);
  }

  async function saveTo(name: string, path: string, from?: string): Promise<boolean> {
    const partial = `${path}.partial`;
    const saved = await readPublished(name, from, async (body) => {
      await mkdir(dirname(path), { recursive: true });
      await pipeline(body, createWriteStream(partial));
      return partial;
    });
    if (saved === null) return false;
    await rename(saved, path);
    return true;
  }

  return {
    bucket: options.bucket,
    addressOf: (name) => `s3://${options.bucket}/${options.prefix ?? ''}${name}`,
    putBytes,
    putFile,
    putJson: (value) => putBytes(canonicalJson(value)),
    putLines: (values) => putBytes(jsonLines(values)),
    getBytes,
    getJson,
    getLines,
    getFile,
    publish,
    saveTo,
    read,
    makeRoom: cache.makeRoom,
  };
}

function referTo(sha256: string, bytes: number): ObjectRef {
  return { key: `objects/${sha256}`, sha256, bytes };
}

/** Keys are sorted at every depth, so that equal values give equal bytes and the same hash. */
function canonicalJson(value: unknown): Uint8Array {
  const json = stringify(value);
  if (json === undefined) throw new InternalError(`${typeof value} cannot be stored as JSON`);
  return Buffer.from(json);
}

const nothing = 'nothing: the object is not there';

function corrupt(key: string, { expected, got }: Fault): CorruptObject {
  return new CorruptObject(key, expected, got);
}

/** Objects of other writers have no sha256 to be checked against. */
function faultOf({ sha256 }: Content, hash: Hash): Fault | null {
  const got = hash.digest('hex');
  return sha256 === undefined || sha256 === got ? null : { expected: `sha256 ${sha256}`, got };
}

/** Keys stay in the order they were set, because sorting would double the time. Code that builds lines must keep that order. */
function jsonLines(values: Iterable<unknown>): Uint8Array {
  return Buffer.concat(Array.from(values, (value) => Buffer.from(`${JSON.stringify(value)}\n`)));
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
const otherContentType = 'application/octet-stream';

/** The content type of a published name, so that a browser opens a report and shows JSON. */
function contentTypeOf(name: string): string {
  return contentTypes[extname(name)] ?? otherContentType;
}
