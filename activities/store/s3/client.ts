/** The client of S3: where the server is, how its buckets are addressed, what it is told of a content, and by what way. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { InvalidSettings, messageOf } from '../../errors.js';
import type { Log } from '../../log.js';
import { requestHandlerFor } from '../../network/handler.js';
import { proxyFor } from '../../network/proxies.js';
import { type Addressing, type Dialect, usualDialect } from './dialect.js';

/** How the server is to encrypt what it is given, as S3 calls it. */
export const encryptionAlgorithms = ['AES256', 'aws:kms', 'aws:kms:dsse'] as const;

export interface Encryption {
  readonly algorithm: (typeof encryptionAlgorithms)[number];
  /** Of the key management service; absent: the account's own key. */
  readonly kmsKeyId?: string;
}

export interface S3Options {
  readonly bucket: string;
  /** Absent: Amazon's own, for the region. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Absent: found as the AWS tools find them (`AWS_*`, profiles, web identity, instance roles). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** What all keys of the store begin with, such as `team/reft/`; nothing else in the bucket is touched. Absent: nothing. */
  readonly prefix?: string;
  /** Absent: by path where an endpoint is given, as Amazon wants it otherwise. */
  readonly addressing?: Addressing;
  /** Absent: as the bucket says. */
  readonly encryption?: Encryption;
  /** What the server was found to know; absent: everything. */
  readonly dialect?: Dialect;
  /** A file of authorities (PEM) to trust instead of those that Node trusts. */
  readonly authoritiesFile?: string;
  /** A server that was started on this machine: no proxy leads to it. */
  readonly isLocal?: boolean;
  /** Told of each request that failed in a way that may pass, most of which are sent again. */
  readonly log?: Log;
}

const longestPrefix = 512;

/**
 * @throws InvalidSettings naming the variable, what it says and what is allowed
 */
export function checkSettings({ bucket, endpoint, prefix = '' }: S3Options): void {
  if (bucket === '') throw new InvalidSettings('bucket is empty, the name of an S3 bucket is needed (S3_BUCKET)');
  if (endpoint !== undefined && !(/^https?:\/\/[^/]/.test(endpoint) && URL.canParse(endpoint)))
    throw new InvalidSettings(
      `endpoint must start with http:// or https://, got ${JSON.stringify(endpoint)} (S3_ENDPOINT)`,
    );
  if (prefix !== '' && !isPrefix(prefix))
    throw new InvalidSettings(
      `S3_PREFIX is ${JSON.stringify(prefix)}: allowed are names with slashes between them, none of them "." or "..", without ` +
        `backslashes and control characters, ${longestPrefix} bytes at most`,
    );
}

/** What goes with each object that is written. */
export function encryptionParameters({ encryption }: S3Options): {
  readonly ServerSideEncryption?: Encryption['algorithm'];
  readonly SSEKMSKeyId?: string;
} {
  if (encryption === undefined) return {};
  const { algorithm, kmsKeyId } = encryption;
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) };
}

/** Names with a slash behind each, of which no server, file system or URL makes others. What one does not take, the start finds out. */
function isPrefix(prefix: string): boolean {
  const names = prefix.slice(0, -1).split('/');
  if (!prefix.endsWith('/') || Buffer.byteLength(prefix) > longestPrefix) return false;
  return names.every((name) => /^[^\\\p{Cc}\p{Cs}\u2028\u2029]+$/u.test(name) && !/^\.{1,2}$/.test(name));
}

/** Whether buckets can be parts of the endpoint's host name: those of an IP address cannot. */
export function hasHostNames({ endpoint }: S3Options): boolean {
  return endpoint === undefined || isIP(new URL(endpoint).hostname.replace(/^\[(.*)\]$/, '$1')) === 0;
}

/**
 * @param credentials another client's, instead of those that the options say
 * @throws InvalidSettings when a setting cannot be used; no request is sent
 */
export function createClient(options: S3Options, tries = 5, credentials?: S3Client['config']['credentials']): S3Client {
  checkSettings(options);
  return new S3Client({ ...configOf(options, tries), ...(credentials === undefined ? {} : { credentials }) });
}

function configOf(options: S3Options, maxAttempts: number): S3ClientConfig {
  const { endpoint, region, credentials, addressing = 'path', dialect = usualDialect } = options;
  const proxies = options.isLocal !== true;
  // A wrong variable is told before the first request, which would fail for it as if for a fault of the network.
  if (proxies && endpoint !== undefined) proxyFor(new URL(endpoint));
  const authorities = readAuthorities(options.authoritiesFile);
  return {
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: addressing === 'path' }),
    // Servers other than Amazon's ignore the region, but signing needs one.
    ...(region !== undefined ? { region } : endpoint !== undefined ? { region: 'us-east-1' } : {}),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts,
    requestHandler: requestHandlerFor({ authorities, proxies, connectionTimeout: 5_000, socketTimeout: 60_000 }),
    // Every read is checked against its sha256; the SDK's own check would fail damaged objects as network faults.
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(dialect.checksums === 'none' ? { requestChecksumCalculation: 'WHEN_REQUIRED' } : {}),
  };
}

function readAuthorities(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidSettings(`AWS_CA_BUNDLE is ${JSON.stringify(file)}, which cannot be read: ${messageOf(error)}`);
  }
}
