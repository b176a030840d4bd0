/**
 * Removes what finished runs have stored by content, and what comparisons keep for the next of the same: a run that finds all it makes
 * already there would send nothing, and no fault could show in what it sends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { atMost } from '../../activities/atMost.js';
import type { S3Access } from '../../infra/s3/access.js';
import { clientOf } from '../activities/store/s3Server.js';

/** To be called while no run is under way; goes on until the server lets it. */
export async function emptyStore({ bucket, ...access }: S3Access): Promise<void> {
  const client = clientOf({ bucket, ...access });
  try {
    for (const folder of ['objects/', 'comparisons/'])
      for (let isEmpty = false; !isEmpty; ) {
        isEmpty = await emptyFolder(client, bucket, folder).then(
          () => true,
          // Killed or frozen.
          () => sleep(500, false),
        );
      }
  } finally {
    client.destroy();
  }
}

async function emptyFolder(client: S3Client, bucket: string, folder: string): Promise<void> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: folder }))
    await atMost(8, Contents, ({ Key }) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key })));
}
