/**
 * The check at a start: writes, reads, writes conditionally, uploads in parts and lists, on an object of its own, and so finds the
 * server's dialect. What cannot work shows now, with a reason, and not as an upload that is tried again for ever.
 *
 * The object `write-check` stays: it is never deleted, so that the right to delete is never needed and processes that start at
 * once do not take it from each other.
 */
import {
  AbortMultipartUploadCommand,
  type BucketLocationConstraint,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { InvalidSettings } from '../../errors.js';
import { createClient, type Encryption, encryptionParameters, hasHostNames, type S3Options } from './client.js';
import { type Addressing, type Dialect, probeKey, usualDialect } from './dialect.js';
import { nameOf, statusOf, toldRegion } from './failures.js';

export interface Findings {
  readonly addressing: Addressing;
  readonly dialect: Dialect;
  /** The store works without it. */
  readonly mayList: boolean;
  /** How it encrypts, where that was asked for. */
  readonly encryption?: Encryption['algorithm'];
  /** Where the bucket is, or what requests are to be signed for, as the server tells it; absent where the region given is right. */
  readonly region?: string;
}

const content = Buffer.from('written');

/** A way to write: tried in this order, and the first that works is taken. */
interface Way {
  readonly addressing: Addressing;
  readonly checksums: Dialect['checksums'];
}

/**
 * @param create whether a bucket that is not there is created
 * @throws the error of the SDK for the first way to write when none works
 */
export async function probe(options: S3Options, create: boolean): Promise<Findings> {
  try {
    return await probeInRegion(options, create);
  } catch (error) {
    const region = toldRegion(error);
    if (region === undefined || region === options.region) throw error;
    return { ...(await probeInRegion({ ...options, region }, create)), region };
  }
}

async function probeInRegion(options: S3Options, create: boolean): Promise<Findings> {
  const way = await findWayToWrite(options, create);
  const found = await examine(options, way);
  if (way.checksums === 'none' || found.dialect.uploadsInParts) return found;
  // Some servers take checksums of whole objects only.
  const without = await examine(options, { ...way, checksums: 'none' });
  return without.dialect.uploadsInParts ? without : found;
}

function examine(options: S3Options, { addressing, checksums }: Way): Promise<Findings> {
  const given = { ...options, addressing, dialect: { ...usualDialect, checksums } };
  return withClient(given, async (client) => {
    const place = { ...placeOf(options), ...encryptionParameters(options) };
    const [conditional, parts, mayList] = await Promise.all([
      outcomeOf(() => client.send(new PutObjectCommand({ ...place, Body: content, IfNoneMatch: '*' }))),
      tryParts(client, place, checksums),
      canList(client, place),
    ]);
    const dialect = { checksums, conditionalWrites: conditional === 'kept', ...parts };
    const { encryption } = options;
    return { addressing, dialect, mayList, ...(encryption === undefined ? {} : { encryption: encryption.algorithm }) };
  });
}

/**
 * How buckets are addressed and which region is right, found by reading alone: for commands that write nothing.
 * By path where neither way is answered. A server that was started here is not asked.
 */
export async function findWayToRead(options: S3Options): Promise<Pick<Findings, 'addressing' | 'region'>> {
  const usual = { addressing: options.addressing ?? 'path' } as const;
  if (options.isLocal) return usual;
  for (const addressing of addressingsOf(options)) {
    const answer = await tryToRead({ ...options, addressing });
    if (answer.works) return { addressing };
    const { region } = answer;
    if (region !== undefined && (await tryToRead({ ...options, addressing, region })).works)
      return { addressing, region };
  }
  return usual;
}

/** Whether the server answers, and the region that it tells where it does not. */
function tryToRead(options: S3Options): Promise<{ readonly works: boolean; readonly region?: string | undefined }> {
  return withClient(options, async (client) => {
    try {
      const { Body } = await client.send(new GetObjectCommand(placeOf(options)));
      await Body?.transformToByteArray();
      return { works: true };
    } catch (error) {
      return { works: nameOf(error) === 'NoSuchKey', region: toldRegion(error) };
    }
  });
}

/** What the probe found, for people. */
export function describeFindings({ addressing, dialect, mayList, region, encryption }: Findings): string {
  const { checksums, conditionalWrites, conditionalParts, uploadsInParts } = dialect;
  return [
    addressing === 'path' ? 'buckets in the path' : 'buckets in the host name',
    checksums === 'crc32' ? 'checksums' : 'no checksums (the signed sha256 is used)',
    conditionalWrites && conditionalParts
      ? 'conditional writes'
      : 'no conditional writes (it is asked before each write)',
    uploadsInParts ? 'uploads in parts' : 'no uploads in parts (objects up to 5 GiB)',
    ...(encryption === undefined ? [] : [`encrypts (${encryption})`]),
    mayList ? 'may list' : 'may not list (not needed)',
    ...(region === undefined ? [] : [`region ${region}, whatever AWS_REGION says`]),
  ].join(', ');
}

function placeOf({ bucket, prefix = '' }: S3Options): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: bucket, Key: prefix + probeKey };
}

function addressingsOf(options: S3Options): readonly Addressing[] {
  if (options.addressing !== undefined) return [options.addressing];
  if (options.endpoint === undefined) return ['virtual'];
  return hasHostNames(options) ? ['path', 'virtual'] : ['path'];
}

async function findWayToWrite(options: S3Options, create: boolean): Promise<Way> {
  const failures: unknown[] = [];
  for (const addressing of addressingsOf(options)) {
    // Where the first way finds no server, the second would have to wait for the same.
    if (failures.length > 0 && failures.every(isUnanswered)) break;
    for (const checksums of ['crc32', 'none'] as const) {
      const dialect = { ...usualDialect, checksums };
      try {
        await withClient({ ...options, addressing, dialect }, (client) => writeAndRead(client, options, create));
        return { addressing, checksums };
      } catch (error) {
        failures.push(error);
        if (isUnanswered(error)) break;
      }
    }
  }
  throw failures[0];
}

const otherContent = 'OtherContent';

function isUnanswered(error: unknown): boolean {
  return statusOf(error) === undefined && nameOf(error) !== otherContent;
}

async function writeAndRead(client: S3Client, options: S3Options, create: boolean): Promise<void> {
  const place = placeOf(options);
  const write = () => client.send(new PutObjectCommand({ ...place, Body: content, ...encryptionParameters(options) }));
  const { ServerSideEncryption: done } = await write().catch(async (error: unknown) => {
    if (!create || nameOf(error) !== 'NoSuchBucket') throw error;
    await createBucket(client, options);
    return write();
  });
  const wanted = options.encryption?.algorithm;
  if (wanted !== undefined && done !== wanted)
    throw new InvalidSettings(
      `S3_SSE is ${JSON.stringify(wanted)}, but the server does not say that it has encrypted so what it was given (it says ` +
        `${JSON.stringify(done ?? 'nothing')}): take a server that does, or leave S3_SSE out`,
    );
  const { Body } = await client.send(new GetObjectCommand(place));
  const read = await Body?.transformToByteArray();
  if (read !== undefined && content.equals(read)) return;
  const problem = new Error(`${place.Key} was not read as it had been written`);
  problem.name = otherContent;
  throw problem;
}

async function createBucket(client: S3Client, { bucket: Bucket, region = 'us-east-1' }: S3Options): Promise<void> {
  const LocationConstraint = region as BucketLocationConstraint;
  // Amazon's first region takes no location, all others demand theirs.
  const location = region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint } };
  try {
    await client.send(new CreateBucketCommand({ Bucket, ...location }));
  } catch (error) {
    if (nameOf(error) !== 'BucketAlreadyOwnedByYou') throw error;
  }
}

/** What comes of a write on the condition that nothing is there, over what is there. Servers that know no conditions write, or refuse. */
async function outcomeOf(write: () => Promise<unknown>): Promise<'kept' | 'written' | 'refused'> {
  try {
    await write();
    return 'written';
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return [409, 412].includes(statusOf(error) ?? 0) ? 'kept' : 'refused';
  }
}

async function tryParts(
  client: S3Client,
  written: ReturnType<typeof placeOf>,
  checksums: Dialect['checksums'],
): Promise<Pick<Dialect, 'uploadsInParts' | 'conditionalParts'>> {
  const algorithm = checksums === 'crc32' ? { ChecksumAlgorithm: 'CRC32' as const } : {};
  const begun = client.send(new CreateMultipartUploadCommand({ ...written, ...algorithm }));
  const UploadId = await begun
    .then(({ UploadId }) => UploadId)
    .catch((error: unknown) => {
      if (isAnswer(error)) return undefined;
      throw error;
    });
  if (UploadId === undefined) return { uploadsInParts: false, conditionalParts: false };
  const { Bucket, Key } = written;
  const upload = { Bucket, Key, UploadId };
  try {
    const { ETag, ChecksumCRC32 } = await client.send(
      new UploadPartCommand({ ...upload, PartNumber: 1, Body: content }),
    );
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ...(ChecksumCRC32 ? { ChecksumCRC32 } : {}) }] };
    const complete = (condition: { readonly IfNoneMatch?: string }): Promise<unknown> =>
      client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, ...condition }));
    const outcome = await outcomeOf(() => complete({ IfNoneMatch: '*' }));
    if (outcome === 'refused') await complete({});
    return { uploadsInParts: true, conditionalParts: outcome === 'kept' };
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return { uploadsInParts: false, conditionalParts: false };
  } finally {
    // Where it was completed, there is nothing left to end.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
  }
}

/** An answer that will be the same next time. */
function isAnswer(error: unknown): boolean {
  const status = statusOf(error);
  return status !== undefined && (status < 500 || status === 501);
}

async function canList(client: S3Client, { Bucket, Key }: ReturnType<typeof placeOf>): Promise<boolean> {
  try {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 }));
    return Contents.length > 0;
  } catch (error) {
    if (isAnswer(error)) return false;
    throw error;
  }
}

async function withClient<Result>(options: S3Options, use: (client: S3Client) => Promise<Result>): Promise<Result> {
  const client = createClient(options, 2);
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}
