/** How a process reaches S3: from `S3_*` and `AWS_*`, or a server of this data directory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadBucketCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { InvalidSettings, messageOf } from '../../activities/errors.js';
import {
  checkSettings,
  createClient,
  type Encryption,
  encryptionAlgorithms,
  type S3Options,
} from '../../activities/store/s3/client.js';
import type { Addressing } from '../../activities/store/s3/dialect.js';
import { isOfAnotherTime } from '../../activities/store/s3/failures.js';
import { type Findings, probe } from '../../activities/store/s3/probe.js';
import { MissingSoftware } from '../errors.js';

export interface S3Access extends Omit<S3Options, 'log'> {
  readonly endpoint: string;
  readonly region: string;
}

/** The part of a server that is this program's. */
export type S3Place = Pick<S3Access, 'bucket' | 'prefix'>;

export function placeFromEnvironment({ S3_BUCKET, S3_PREFIX }: NodeJS.ProcessEnv): S3Place {
  const prefix = S3_PREFIX?.replace(/\/*$/, '/');
  return { bucket: S3_BUCKET || 'reft', ...(S3_PREFIX && prefix !== undefined ? { prefix } : {}) };
}

/**
 * The S3 that `S3_ENDPOINT` names; null when none is given. Credentials stay in the environment.
 * @throws InvalidSettings when a variable says what cannot be
 */
export function s3FromEnvironment(environment: NodeJS.ProcessEnv): S3Access | null {
  const { S3_ENDPOINT: endpoint, AWS_CA_BUNDLE } = environment;
  if (!endpoint) {
    const [asked] = ['S3_SSE', 'S3_SSE_KMS_KEY_ID'].filter((name) => environment[name]);
    if (asked === undefined) return null;
    throw new InvalidSettings(
      `${asked} is set, but the S3 server that is started here encrypts nothing: set S3_ENDPOINT too`,
    );
  }
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || 'us-east-1';
  const access: S3Access = {
    endpoint,
    region,
    ...placeFromEnvironment(environment),
    ...addressingFrom(environment),
    ...encryptionFrom(environment),
    ...(AWS_CA_BUNDLE ? { authoritiesFile: AWS_CA_BUNDLE } : {}),
  };
  checkSettings(access);
  return access;
}

function encryptionFrom(environment: NodeJS.ProcessEnv): { readonly encryption?: Encryption } {
  const { S3_SSE: text, S3_SSE_KMS_KEY_ID: kmsKeyId } = environment;
  const algorithm = encryptionAlgorithms.find((known) => known === text);
  if (text && algorithm === undefined)
    throw new InvalidSettings(
      `S3_SSE is ${JSON.stringify(text)}: allowed is ${encryptionAlgorithms.map((known) => `"${known}"`).join(', ')}`,
    );
  if (kmsKeyId && (algorithm === undefined || algorithm === 'AES256'))
    throw new InvalidSettings('S3_SSE_KMS_KEY_ID is set, so S3_SSE has to be "aws:kms" or "aws:kms:dsse"');
  return algorithm === undefined ? {} : { encryption: { algorithm, ...(kmsKeyId ? { kmsKeyId } : {}) } };
}

function addressingFrom({ S3_ADDRESSING: text }: NodeJS.ProcessEnv): { readonly addressing?: Addressing } {
  if (!text) return {};
  if (text !== 'path' && text !== 'virtual')
    throw new InvalidSettings(`S3_ADDRESSING is ${JSON.stringify(text)}: allowed is "path" or "virtual"`);
  return { addressing: text };
}

/** True when the server answers these credentials, whether or not the bucket exists. */
export async function isS3Healthy(access: S3Access): Promise<boolean> {
  const client = createClient(access, 2);
  try {
    await client.send(new HeadBucketCommand({ Bucket: access.bucket }));
    return true;
  } catch (error) {
    return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;
  } finally {
    client.destroy();
  }
}

/** How long a server that has just started may answer requests with errors of its own. */
const settleMilliseconds = 60_000;

/**
 * Creates the bucket where it is missing, and finds the server's dialect by writing and reading an object (`write-check`), so that
 * credentials that may not write show now and a server still gathering its volumes is waited for.
 * @returns the access with what was found
 * @throws MissingSoftware naming the variables to look at when the server cannot be reached or refuses
 */
export async function prepareBucket(access: S3Access): Promise<S3Access> {
  const { addressing, dialect, region = access.region } = await probeUntilSettled(access);
  return { ...access, addressing, dialect, region };
}

async function probeUntilSettled(access: S3Access): Promise<Findings> {
  const deadline = Date.now() + settleMilliseconds;
  for (;;) {
    try {
      return await probe(access, true);
    } catch (error) {
      if (error instanceof InvalidSettings) throw error;
      if (isSettling(error) && Date.now() < deadline) {
        await sleep(500);
        continue;
      }
      throw new MissingSoftware(
        `Bucket ${access.bucket} at ${access.endpoint} cannot be used: ${describe(error)}${remedyOf(error)}`,
      );
    }
  }
}

/** What a server does not implement it will not implement in a minute. */
function isSettling(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$fault === 'server' && error.$metadata.httpStatusCode !== 501;
}

function remedyOf(error: unknown): string {
  if (isOfAnotherTime(error)) return ': set the clock of this machine, or that of the server.';
  return '. Check S3_ENDPOINT, S3_BUCKET, AWS_REGION and the AWS_* credentials.';
}

/** S3 puts nothing in the message of a refused HEAD request but "UnknownError". */
function describe(error: unknown): string {
  if (error instanceof S3ServiceException) return `${error.name} (HTTP ${error.$metadata.httpStatusCode ?? '?'})`;
  return messageOf(error);
}
