/**
 * The requests that the store sends to S3, in the server's dialect. Errors say which server, which bucket, and what to check.
 *
 * The SDK retries requests with back-off (network faults, throttling, 5xx).
 */

import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { InternalError } from '../../errors.js';
import type { Log } from '../../log.js';
import { createClient, encryptionParameters, type S3Options } from './client.js';
import { probeKey, usualDialect } from './dialect.js';
import { codeOf, describeFailure, isMissing, nameOf, type StoreFailure, statusOf } from './failures.js';

/** S3 takes at most 10,000 parts of at least 5 MiB; files are split into parts of this size, or larger ones if need be. */
const partBytes = 8 * 2 ** 20;
const mostParts = 10_000;

/** The name under which a published object's sha256 stands in its metadata. */
const sha256Name = 'reft-sha256';

/** An object being read. */
export interface Content {
  readonly body: Readable;
  /** What its writer says its sha256 is, where that was this program. */
  readonly sha256: string | undefined;
}

export interface Examined {
  readonly bytes: number;
  readonly ageMs: number;
}

export interface S3 {
  /** Whether a write with `onlyIfAbsent` of so many bytes leaves what is there, without being asked before. */
  writesConditionally(bytes: number): boolean;
  /** Size of an object in bytes; null when there is none. */
  size(key: string): Promise<number | null>;
  /** The same, and how long ago it was written. */
  examine(key: string): Promise<Examined | null>;
  /** An object's content; null when there is none. `from` is another bucket, whose keys are taken as they are, without the prefix. */
  get(key: string, from?: string): Promise<Content | null>;
  /**
   * Writes an object, in parts when large; it is visible whole or not at all, and a failed upload's parts are removed.
   * With `onlyIfAbsent` an object already there stays as it is, where the server knows conditions.
   * @returns false when it stays
   */
  put(key: string, body: Uint8Array | Readable, options: PutOptions): Promise<boolean>;
  /** Turns any failure of a request or of a body being read into a failure of the table about `key`. */
  failure(key: string, error: unknown, from?: string): StoreFailure;
  /** The same server, by connections of its own. */
  reconnect(): S3;
  /** Ends its connections. */
  close(): void;
}

export interface PutOptions {
  readonly bytes: number;
  readonly contentType: string;
  readonly onlyIfAbsent: boolean;
  /** Kept in the metadata, where the key does not tell it. */
  readonly sha256?: string;
}

/** @throws InvalidSettings when a setting cannot be used; no request is sent */
export function connect(options: S3Options): S3 {
  return talkBy(createClient(options), options);
}

function talkBy(client: S3Client, options: S3Options): S3 {
  const { bucket, prefix = '', dialect = usualDialect } = options;
  if (options.log) logFailedTries(client, options.log);
  const failure = (key: string, error: unknown, from = bucket): StoreFailure =>
    describeFailure({ ...options, bucket: from }, key, error);

  function writesConditionally(bytes: number): boolean {
    if (bytes < partBytes || !dialect.uploadsInParts) return dialect.conditionalWrites;
    return dialect.conditionalParts && dialect.conditionalWrites;
  }

  /** Who may not list is told "forbidden" of an object that is not there: it is not if the same credentials open another one. */
  async function hides(error: unknown): Promise<boolean> {
    if (statusOf(error) !== 403) return false;
    const known = new HeadObjectCommand({ Bucket: bucket, Key: prefix + probeKey });
    return client.send(known).then(
      () => true,
      () => false,
    );
  }

  async function examine(key: string): Promise<Examined | null> {
    try {
      const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: prefix + key }));
      const { ContentLength: bytes, LastModified: written } = found;
      // One without a time is taken for old.
      return bytes === undefined ? null : { bytes, ageMs: Date.now() - (written?.getTime() ?? 0) };
    } catch (error) {
      if (isMissing(error) || (await hides(error))) return null;
      throw failure(key, error);
    }
  }

  async function size(key: string): Promise<number | null> {
    const found = await examine(key);
    return found === null ? null : found.bytes;
  }

  async function get(key: string, from?: string): Promise<Content | null> {
    const place = from === undefined ? { Bucket: bucket, Key: prefix + key } : { Bucket: from, Key: key };
    try {
      const { Body, Metadata } = await client.send(new GetObjectCommand(place));
      if (!(Body instanceof Readable)) throw new InternalError('the response has no body');
      return { body: Body, sha256: Metadata?.[sha256Name] };
    } catch (error) {
      if (isMissing(error) || (place.Bucket === bucket && (await hides(error)))) return null;
      throw failure(key, error, from);
    }
  }

  async function put(key: string, body: Uint8Array | Readable, given: PutOptions): Promise<boolean> {
    const { bytes, contentType, onlyIfAbsent, sha256 } = given;
    const isConditional = onlyIfAbsent && writesConditionally(bytes);
    const params = {
      Bucket: bucket,
      Key: prefix + key,
      Body: body,
      ContentType: contentType,
      ...encryptionParameters(options),
      ...(sha256 === undefined ? {} : { Metadata: { [sha256Name]: sha256 } }),
      ...(isConditional ? { IfNoneMatch: '*' } : {}),
    };
    try {
      if (dialect.uploadsInParts) await uploadInParts(params, bytes);
      else await client.send(new PutObjectCommand({ ...params, ContentLength: bytes }));
      return true;
    } catch (error) {
      if (isConditional && (await isThere(error, key, bytes))) return false;
      throw failure(key, error);
    }
  }

  async function uploadInParts(params: ConstructorParameters<typeof Upload>[0]['params'], bytes: number) {
    const partSize = Math.max(partBytes, Math.ceil(bytes / mostParts));
    await new Upload({ client, partSize, leavePartsOnError: false, params }).done();
  }

  /**
   * Whether a conditional write failed for what is there. Amazon speaks of a conflict while another write is under way, and some servers
   * close the connection to whoever is still sending: then it is asked.
   */
  async function isThere(error: unknown, key: string, bytes: number): Promise<boolean> {
    if (nameOf(error) === 'PreconditionFailed') return true;
    const isUnclear = nameOf(error) === 'ConditionalRequestConflict' || statusOf(error) === undefined;
    return isUnclear && (await size(key)) === bytes;
  }

  function reconnect(): S3 {
    // With its credentials: they may have been given for this client, at some cost.
    return talkBy(createClient(options, undefined, client.config.credentials), options);
  }

  return { writesConditionally, size, examine, get, put, failure, reconnect, close: () => client.destroy() };
}

/** Only the error's name and status: its other fields may hold the access key. */
function logFailedTries(client: S3Client, log: Log): void {
  client.middlewareStack.add(
    (next, { commandName: request }) =>
      async (given) => {
        try {
          return await next(given);
        } catch (error) {
          const status = statusOf(error);
          if (status === undefined || status === 429 || status >= 500)
            log('warn', 'S3 request failed', { request, error: codeOf(error) ?? nameOf(error), status });
          throw error;
        }
      },
    // Behind the SDK's own middleware that retries, and so once for each try.
    { step: 'finalizeRequest', priority: 'low', name: 'logFailedTries' },
  );
}
