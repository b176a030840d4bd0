/**
 * The requests that the store sends to S3. Errors say which server, which bucket, and what to check.
 *
 * The SDK's own errors do not leave this file: some hold the access key in a field, which a log or a workflow history would show.
 * The SDK retries requests with back-off (network faults, throttling, 5xx).
 */

import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { InternalError, messageOf, StoreUnavailable } from '../errors.js';
import type { Log } from '../log.js';

/** S3 takes at most 10,000 parts of at least 5 MiB; files are split into parts of this size, or larger ones if need be. */
const partBytes = 8 * 2 ** 20;
const mostParts = 10_000;

export interface S3Options {
  readonly bucket: string;
  /** Absent: Amazon's own, for the region. A given one is addressed by path (`endpoint/bucket/key`). */
  readonly endpoint?: string;
  readonly region?: string;
  /** Absent: found as the AWS tools find them (`AWS_*`, profiles, instance roles). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Told of each request that failed in a way that may pass, most of which are sent again. */
  readonly log?: Log;
}

export interface S3 {
  /** Size of an object in bytes; null when there is none. */
  size(key: string): Promise<number | null>;
  /** An object's content; null when there is none. `from` is another bucket than the store's own. */
  get(key: string, from?: string): Promise<Readable | null>;
  /**
   * Writes an object, in parts when large; it is visible whole or not at all, and a failed upload's parts are removed.
   * With `onlyIfAbsent` an object already there stays as it is.
   */
  put(key: string, body: Uint8Array | Readable, options: PutOptions): Promise<void>;
  /** Turns any failure of a request or of a body being read into a `StoreUnavailable` about `key`. */
  failure(key: string, error: unknown, from?: string): StoreUnavailable;
}

export interface PutOptions {
  readonly bytes: number;
  readonly contentType: string;
  readonly onlyIfAbsent: boolean;
}

export function connect(options: S3Options): S3 {
  const { bucket } = options;
  const client = new S3Client(clientConfig(options));
  if (options.log) logFailedTries(client, options.log);
  const failure = (key: string, error: unknown, from = bucket): StoreUnavailable =>
    describeFailure({ ...options, bucket: from }, key, error);

  async function size(key: string): Promise<number | null> {
    try {
      const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return ContentLength ?? null;
    } catch (error) {
      if (nameOf(error) === 'NotFound') return null;
      throw failure(key, error);
    }
  }

  async function get(key: string, from = bucket): Promise<Readable | null> {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: from, Key: key }));
      if (!(Body instanceof Readable)) throw new InternalError('the response has no body');
      return Body;
    } catch (error) {
      if (nameOf(error) === 'NoSuchKey') return null;
      throw failure(key, error, from);
    }
  }

  async function put(key: string, body: Uint8Array | Readable, { bytes, contentType, onlyIfAbsent }: PutOptions) {
    const upload = new Upload({
      client,
      partSize: Math.max(partBytes, Math.ceil(bytes / mostParts)),
      leavePartsOnError: false,
      params: {
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        ...(onlyIfAbsent ? { IfNoneMatch: '*' } : {}),
      },
    });
    try {
      await upload.done();
    } catch (error) {
      if (onlyIfAbsent && nameOf(error) === 'PreconditionFailed') return;
      throw failure(key, error);
    }
  }

  return { size, get, put, failure };
}

function clientConfig({ endpoint, region, credentials }: S3Options): S3ClientConfig {
  return {
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Servers other than Amazon's ignore the region, but signing needs one.
    ...(region !== undefined ? { region } : endpoint !== undefined ? { region: 'us-east-1' } : {}),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    // Every read is checked against its sha256; the SDK's own check would fail damaged objects as network faults.
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
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

const refusals = new Set([
  'AccessDenied',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  // versitygw's word for an unknown access key.
  'XAdminUserNotFound',
]);

function describeFailure(options: S3Options, key: string, error: unknown): StoreUnavailable {
  const name = nameOf(error);
  const server = options.endpoint === undefined ? 'Amazon S3' : `S3 at ${addressOf(options.endpoint)}`;
  const status = statusOf(error);
  if (name === 'NoSuchBucket')
    return new StoreUnavailable(
      `${server} has no bucket ${options.bucket}: create it, or check S3_BUCKET (${key})`,
      true,
    );
  if (refusals.has(name) || status === 401 || status === 403)
    return new StoreUnavailable(
      `${server} refused the credentials for bucket ${options.bucket} (${name}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (${key})`,
      true,
    );
  const code = codeOf(error);
  if (status === undefined && code !== undefined)
    return new StoreUnavailable(`${server} cannot be reached (${code}): is it running, is S3_ENDPOINT right? (${key})`);
  const message = messageOf(error);
  return new StoreUnavailable(
    `${server} failed on ${options.bucket}/${key}: ${name}: ${hideSecrets(message, options)}`,
  );
}

/** An endpoint without the user name and password that it may contain. */
function addressOf(endpoint: string): string {
  const { protocol, host } = new URL(endpoint);
  return `${protocol}//${host}`;
}

function hideSecrets(message: string, { credentials }: S3Options): string {
  const secrets = [credentials?.accessKeyId, credentials?.secretAccessKey, credentials?.sessionToken];
  return secrets.reduce<string>((text, secret) => (secret ? text.replaceAll(secret, '…') : text), message);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Error';
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** The system's error code (`ECONNREFUSED`), or the SDK's `TimeoutError`. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'TimeoutError' ? error.name : undefined;
}
