/**
 * What a failed request to S3 means: which server, which bucket, and what to check.
 *
 * The SDK's own errors do not leave this folder: some hold the access key in a field, which a log or a workflow history would show.
 */
import { S3ServiceException } from '@aws-sdk/client-s3';
import { messageOf, StoreRefused, StoreUnavailable } from '../../errors.js';
import type { S3Options } from './client.js';

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

/** That the time of a request is not the server's. */
export function isOfAnotherTime(error: unknown): boolean {
  return ['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'].includes(nameOf(error));
}

/** True when the credentials are not for what was asked, or are none. */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  if (isOfAnotherTime(error)) return false;
  return refusals.has(nameOf(error)) || status === 401 || status === 403;
}

/** What servers say when they, or a bucket's share of them, are full. Amazon has no such word. */
const outOfRoom = new Set([
  'InsufficientStorage',
  'QuotaExceeded',
  'StorageFull',
  'XMinioAdminBucketQuotaExceeded',
  'XMinioStorageFull',
]);

function isOutOfRoom(error: unknown): boolean {
  return outOfRoom.has(nameOf(error)) || statusOf(error) === 507;
}

/** `StoreRefused` is what a person has to mend. */
export type StoreFailure = StoreUnavailable | StoreRefused;

/** That an object's lock or legal hold refuses what was asked; the answer's code is that of any refusal. */
export function isLocked(error: unknown): boolean {
  return isRefusal(error) && /object.?lock|legal.?hold|retention/i.test(`${nameOf(error)} ${messageOf(error)}`);
}

export function describeFailure(options: S3Options, key: string, error: unknown): StoreFailure {
  const name = nameOf(error);
  const server = options.endpoint === undefined ? 'Amazon S3' : `S3 at ${addressOf(options.endpoint)}`;
  if (name === 'NoSuchBucket')
    return new StoreRefused(`${server} has no bucket ${options.bucket}: create it, or check S3_BUCKET (${key})`);
  if (isOutOfRoom(error))
    return new StoreRefused(
      `${server} has no room left in bucket ${options.bucket} (${name}): make room, or raise its quota (${key})`,
    );
  if (isRefusal(error))
    return new StoreRefused(
      `${server} refused the credentials for bucket ${options.bucket} (${name}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (${key})`,
    );
  if (isOfAnotherTime(error))
    return new StoreUnavailable(
      `${server} refused the time of a request (${name}): set the clock of this machine, or that of the server (${key})`,
    );
  const code = codeOf(error);
  if (statusOf(error) === undefined && code !== undefined)
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

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Error';
}

/** The HTTP status of the server's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** The region that a server tells whoever asked in another, in the answer's body or its head. */
export function toldRegion(error: unknown): string | undefined {
  if (!(error instanceof S3ServiceException)) return undefined;
  const told = 'Region' in error ? error.Region : error.$response?.headers['x-amz-bucket-region'];
  return typeof told === 'string' && told !== '' ? told : undefined;
}

/** The system's error code (`ECONNREFUSED`), or the SDK's `TimeoutError`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'TimeoutError' ? error.name : undefined;
}

/** That there is no such object. An answer to HEAD has no body to name it: there it is `NotFound`, as for a bucket. */
export function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(nameOf(error));
}
