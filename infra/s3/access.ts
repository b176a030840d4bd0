/** How a process reaches S3: from `S3_ENDPOINT`, `S3_BUCKET` and `AWS_*`, or a server of this data directory. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { messageOf } from '../../activities/errors.js';
import { MissingSoftware } from '../errors.js';

export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Absent: found as the AWS tools find them (`AWS_*`, profiles, instance roles). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function bucketFromEnvironment(environment: NodeJS.ProcessEnv): string {
  return environment.S3_BUCKET || 'reft';
}

/** The S3 that `S3_ENDPOINT` names; null when none is given. Credentials stay in the environment. */
export function s3FromEnvironment(environment: NodeJS.ProcessEnv): S3Access | null {
  const endpoint = environment.S3_ENDPOINT;
  if (!endpoint) return null;
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || 'us-east-1';
  return { endpoint, region, bucket: bucketFromEnvironment(environment) };
}

/** True when the server answers these credentials, whether or not the bucket exists. */
export async function isS3Healthy(access: S3Access): Promise<boolean> {
  try {
    return (await bucketStatus(access)) !== 'refused';
  } catch {
    return false;
  }
}

/** How long a server that has just started may answer requests with errors of its own. */
const settleMilliseconds = 60_000;

/**
 * Creates the bucket where it is missing, and writes and reads an object (`write-check`), so that credentials that may
 * not write show now and a server still gathering its volumes is waited for.
 * @throws MissingSoftware naming the variables to look at when the server cannot be reached or refuses
 */
export async function prepareBucket(access: S3Access): Promise<void> {
  const deadline = Date.now() + settleMilliseconds;
  for (;;) {
    try {
      if ((await bucketStatus(access)) !== 'exists') await createBucket(access);
      return await checkWriting(access);
    } catch (error) {
      const isSettling = error instanceof S3ServiceException && error.$fault === 'server';
      if (isSettling && Date.now() < deadline) {
        await sleep(500);
        continue;
      }
      throw new MissingSoftware(
        `Bucket ${access.bucket} at ${access.endpoint} cannot be used: ${describe(error)}. ` +
          'Check S3_ENDPOINT, S3_BUCKET, AWS_REGION and the AWS_* credentials.',
      );
    }
  }
}

async function createBucket(access: S3Access): Promise<void> {
  const { bucket: Bucket, region } = access;
  const LocationConstraint = region as BucketLocationConstraint;
  // Amazon's first region takes no location, all others demand theirs.
  const location = region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint } };
  try {
    await withClient(access, (client) => client.send(new CreateBucketCommand({ Bucket, ...location })));
  } catch (error) {
    if (!(error instanceof S3ServiceException && error.name === 'BucketAlreadyOwnedByYou')) throw error;
  }
}

async function checkWriting(access: S3Access): Promise<void> {
  const object = { Bucket: access.bucket, Key: 'write-check' };
  await withClient(access, async (client) => {
    await client.send(new PutObjectCommand({ ...object, Body: 'written' }));
    const { Body } = await client.send(new GetObjectCommand(object));
    await Body?.transformToByteArray();
  });
}

async function bucketStatus(access: S3Access): Promise<'exists' | 'missing' | 'refused'> {
  try {
    await withClient(access, (client) => client.send(new HeadBucketCommand({ Bucket: access.bucket })));
    return 'exists';
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    return error.$metadata.httpStatusCode === 404 ? 'missing' : 'refused';
  }
}

async function withClient<Result>(access: S3Access, use: (client: S3Client) => Promise<Result>): Promise<Result> {
  const { endpoint, region, credentials } = access;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 2,
    ...(credentials ? { credentials } : {}),
  });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

/** S3 puts nothing in the message of a refused HEAD request but "UnknownError". */
function describe(error: unknown): string {
  if (error instanceof S3ServiceException) return `${error.name} (HTTP ${error.$metadata.httpStatusCode ?? '?'})`;
  return messageOf(error);
}
