/**
 * The object store over S3: immutable objects named by their content, and a few names that move.
 *
 * `objects/<sha256>` is written once, conditionally, and checked whenever it is read; local copies save the way to S3.
 * Writing the same content twice is harmless, so an activity that is run again needs no care.
 */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'safe-stable-stringify';
import { CorruptObject } from '../errors.js';
import { createCache } from './cache.js';
import { contentTypeOf } from './contentTypes.js';
import { sha256OfBytes, sha256OfFile } from './digest.js';
import { connect, type S3Options } from './s3.js';
import type { ObjectRef, Store } from './types.js';

/** From this size on it is cheaper to ask first whether an object is there than to send it and be refused. */
const askFirstBytes = 2 ** 18;

export interface StoreOptions extends S3Options {
  readonly cacheDirectory: string;
  /** Bound of the local copies, in bytes. */
  readonly cacheBytes: number;
}

/**
 * Opens the store; nothing is asked of S3 before the first call. Its functions throw `CorruptObject` when content is not
 * what its reference names (or gone), and `StoreUnavailable` for everything that may pass.
 * @throws Error when the bucket is empty or the endpoint is no http(s) address.
 */
export function createStore(options: StoreOptions): Store {
  if (options.bucket === '') throw new Error('bucket is empty, the name of an S3 bucket is needed (S3_BUCKET)');
  if (options.endpoint !== undefined && !/^https?:\/\/[^/]/.test(options.endpoint))
    throw new Error(`endpoint must start with http:// or https://, got ${JSON.stringify(options.endpoint)}`);
  const s3 = connect(options);
  const cache = createCache(options.cacheDirectory, options.cacheBytes);
  const downloads = new Map<string, Promise<string>>();

  /** Uploads from `open`, unless the object is there in full. One there at another size is damaged and replaced. */
  async function upload(ref: ObjectRef, open: () => Uint8Array | Readable): Promise<void> {
    const present = ref.bytes < askFirstBytes ? null : await s3.size(ref.key);
    if (present === ref.bytes) return;
    await s3.put(ref.key, open(), {
      bytes: ref.bytes,
      contentType: 'application/octet-stream',
      onlyIfAbsent: present === null,
    });
  }

  async function putBytes(bytes: Uint8Array): Promise<ObjectRef> {
    const ref = referTo(sha256OfBytes(bytes), bytes.byteLength);
    const temporary = await cache.temporaryPath();
    await writeFile(temporary, bytes);
    await cache.adopt(temporary, ref.sha256);
    await upload(ref, () => bytes);
    return ref;
  }

  async function putFile(path: string): Promise<ObjectRef> {
    const ref = referTo(await sha256OfFile(path), (await stat(path)).size);
    const copy = await cache.adopt(path, ref.sha256);
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
    const body = await s3.get(ref.key);
    if (body === null) throw new CorruptObject(ref.key, `${ref.bytes} bytes`, 'nothing: the object is not there');
    const temporary = await cache.temporaryPath();
    try {
      const hash = createHash('sha256');
      await pipeline(hashed(ref, body, hash), createWriteStream(temporary));
      const got = hash.digest('hex');
      if (got !== ref.sha256) throw new CorruptObject(ref.key, `sha256 ${ref.sha256}`, got);
      return await cache.adopt(temporary, ref.sha256);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Passes the body on, hashing it. Only its own failures are S3's: a full disk is told as what it is. */
  async function* hashed(ref: ObjectRef, body: Readable, hash: Hash): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) {
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      throw s3.failure(ref.key, error);
    }
  }

  /** Contents are hashed again on the way into memory: cheap at the size of what is read whole. */
  async function getBytes(ref: ObjectRef): Promise<Uint8Array> {
    const bytes = await readFile(await getFile(ref));
    if (sha256OfBytes(bytes) === ref.sha256) return bytes;
    return readFile(await download(ref));
  }

  async function getText(ref: ObjectRef): Promise<string> {
    return new TextDecoder().decode(await getBytes(ref));
  }

  async function getJson(ref: ObjectRef): Promise<unknown> {
    return parseJson(ref, await getText(ref), 'JSON');
  }

  async function getLines(ref: ObjectRef): Promise<unknown[]> {
    const lines = (await getText(ref)).split('\n').filter((line) => line !== '');
    return lines.map((line, index) => parseJson(ref, line, `JSON on line ${index + 1}`));
  }

  async function publish(name: string, content: Uint8Array | { readonly file: string }): Promise<void> {
    if (name.startsWith('objects/')) throw new Error(`${name}: names under objects/ belong to immutable objects`);
    const isFile = !(content instanceof Uint8Array);
    await s3.put(name, isFile ? createReadStream(content.file) : content, {
      bytes: isFile ? (await stat(content.file)).size : content.byteLength,
      contentType: contentTypeOf(name),
      onlyIfAbsent: false,
    });
  }

  async function read(name: string, from?: string): Promise<Uint8Array | null> {
    const body = await s3.get(name, from);
    if (body === null) return null;
    return buffer(body).catch((error: unknown) => {
      throw s3.failure(name, error, from);
    });
  }

  async function saveTo(name: string, path: string, from?: string): Promise<boolean> {
    const body = await s3.get(name, from);
    if (body === null) return false;
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.partial`;
    await pipeline(body, createWriteStream(partial)).catch((error: unknown) => {
      throw s3.failure(name, error, from);
    });
    await rename(partial, path);
    return true;
  }

  return {
    bucket: options.bucket,
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
  };
}

function referTo(sha256: string, bytes: number): ObjectRef {
  return { key: `objects/${sha256}`, sha256, bytes };
}

/** Keys sorted at every depth: equal values give equal bytes, and so the same hash, however they were built. */
function canonicalJson(value: unknown): Uint8Array {
  const json = stringify(value);
  if (json === undefined) throw new Error(`${typeof value} cannot be stored as JSON`);
  return Buffer.from(json);
}

/** Keys stay in the order they were set, which code that builds lines keeps the same; sorting would double the cost. */
function jsonLines(values: Iterable<unknown>): Uint8Array {
  return Buffer.concat(Array.from(values, (value) => Buffer.from(`${JSON.stringify(value)}\n`)));
}

function parseJson(ref: ObjectRef, text: string, expected: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CorruptObject(ref.key, expected, `${JSON.stringify(text.slice(0, 80))}`);
  }
}
