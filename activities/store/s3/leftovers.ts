/**
 * What killed processes leave in a bucket: parts of uploads that nobody will end. They are invisible, take up room and are paid for.
 */
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createClient, type S3Options } from './client.js';
import { isRefusal, statusOf } from './failures.js';

/** No upload of a living process takes so long: activities have shorter time limits. */
const abandonedMs = 24 * 60 * 60_000;

/** What the store's keys begin with, behind the prefix: other people's uploads to the same bucket are left alone. */
const folders = ['objects/', 'runs/'] as const;

/**
 * Ends the uploads in parts that began long ago, and removes their parts.
 * @returns how many there were
 * @throws the SDK's error when the credentials may not list uploads
 */
export async function removeLeftovers(options: S3Options, olderThanMs = abandonedMs): Promise<number> {
  const { bucket: Bucket, prefix = '' } = options;
  const client = createClient(options, 2);
  const before = Date.now() - olderThanMs;
  let removed = 0;
  try {
    for (const folder of folders)
      for await (const { Key, UploadId, Initiated } of uploadsUnder(client, Bucket, prefix + folder)) {
        if (!Key?.startsWith(prefix + folder) || Initiated === undefined || Initiated.getTime() > before) continue;
        const isEnded = await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).then(
          () => true,
          // Others' that these credentials may not end, or that are held, stay; one that is gone has been ended by somebody else.
          (error: unknown) => {
            if (isRefusal(error) || statusOf(error) === 404) return false;
            throw error;
          },
        );
        if (isEnded) removed += 1;
      }
    return removed;
  } finally {
    client.destroy();
  }
}

async function* uploadsUnder(client: S3Client, Bucket: string, Prefix: string) {
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page ?? {};
    page = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, KeyMarker, UploadIdMarker }));
    yield* page.Uploads ?? [];
  } while (page.IsTruncated);
}
