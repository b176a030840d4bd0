/**
 * What a failed request to S3 means: which server, which bucket, and what to check.
 *
 * The SDK's own errors do not leave this folder: some hold the access key in a field, which a log or a workflow history would show.
 */
import { S3ServiceException } from '@aws-sdk/client-s3';
import { messageOf, StoreUnavailable } from '../../errors.js';
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

/** True when the credentials are not for what was asked, or are none. */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return refusals.has(nameOf(error)) || status === 401 || status === 403;
}

export function describeFailure(options: S3Options, key: string, error: unknown): StoreUnavailable {
  const name = nameOf(error);
  const server = options.endpoint === undefined ? 'Amazon S3' : `S3 at ${addressOf(options.endpoint)}`;
  if (name === 'NoSuchBucket')
    return new StoreUnavailable(
      `${server} has no bucket ${options.bucket}: create it, or check S3_BUCKET (${key})`,
      true,
    );
  if (isRefusal(error))
    return new StoreUnavailable(
      `${server} refused the credentials for bucket ${options.bucket} (${name}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (${key})`,
      true,
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
