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
import type { S3Options } from './s3/client.js';
import { type Content, connect } from './s3/requests.js';
import type { ObjectRef, Store } from './types.js';

/** From this size on, asking whether an object exists is cheaper than sending it and being refused. */
const askFirstBytes = 2 ** 18;

export interface StoreOptions extends S3Options {
  readonly cacheDirectory: string;
  /** Most bytes of the local copies. */
  readonly cacheBytes: number;
}

/**
 * Opens the store; it sends no request to S3 before the first call. Its functions throw `CorruptObject` when an object is missing or
 * not what its reference says, and `StoreUnavailable` for every failure that may be temporary.
 * @throws InvalidSettings when the bucket's name is empty, the endpoint is no http(s) address, or another setting cannot be used.
 */
export function createStore(options: StoreOptions): Store {
  const s3 = connect(options);
  const cache = createCache(options.cacheDirectory, options.cacheBytes);
  const downloads = new Map<string, Promise<string>>();

  /** Uploads from `open`, unless the object exists. One of another size is damaged, and replaced. */
  async function upload(ref: ObjectRef, open: () => Uint8Array | Readable): Promise<void> {
    const isSentAtOnce = ref.bytes < askFirstBytes && s3.writesConditionally(ref.bytes);
    const present = isSentAtOnce ? null : await s3.size(ref.key);
    if (present === ref.bytes) return;
    await s3.put(ref.key, open(), {
      bytes: ref.bytes,
      contentType: otherContentType,
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
    const found = await s3.get(ref.key);
    if (found === null) throw new CorruptObject(ref.key, `${ref.bytes} bytes`, 'nothing: the object is not there');
    const temporary = await cache.temporaryPath();
    try {
      const hash = createHash('sha256');
      await pipeline(hashed(ref.key, found.body, hash), createWriteStream(temporary));
      const got = hash.digest('hex');
      if (got !== ref.sha256) throw new CorruptObject(ref.key, `sha256 ${ref.sha256}`, got);
      return await cache.adopt(temporary, ref.sha256);
    } finally {
      await rm(temporary, { force: true });
    }
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
    return parseJson(ref, await getText(ref), 'JSON');
  }

  async function getLines(ref: ObjectRef): Promise<unknown[]> {
    const lines = (await getText(ref)).split('\n').filter((line) => line !== '');
    return lines.map((line, index) => parseJson(ref, line, `JSON on line ${index + 1}`));
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

  async function read(name: string, from?: string): Promise<Uint8Array | null> {
    const found = await s3.get(name, from);
    if (found === null) return null;
    const hash = createHash('sha256');
    const bytes = await buffer(hashed(name, found.body, hash, from));
    checkPublished(name, found, hash);
    return bytes;
  }

  async function saveTo(name: string, path: string, from?: string): Promise<boolean> {
    const found = await s3.get(name, from);
    if (found === null) return false;
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.partial`;
    const hash = createHash('sha256');
    await pipeline(hashed(name, found.body, hash, from), createWriteStream(partial));
    checkPublished(name, found, hash);
    await rename(partial, path);
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

/** Objects of other writers have no sha256 to be checked against. */
function checkPublished(name: string, { sha256 }: Content, hash: Hash): void {
  const got = hash.digest('hex');
  if (sha256 !== undefined && sha256 !== got) throw new CorruptObject(name, `sha256 ${sha256}`, got);
}

/** Keys stay in the order they were set, because sorting would double the time. Code that builds lines must keep that order. */
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
