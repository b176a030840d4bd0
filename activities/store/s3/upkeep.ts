/**
 * What collecting garbage asks of S3 beyond what the store does: lists, times, removal. It needs the rights to list and to delete, which
 * nothing else does.
 */
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createClient, encryptionParameters, type S3Options } from './client.js';
import { describeFailure, isLocked, isMissing } from './failures.js';

export interface StoredObject {
  /** Without the store's prefix. */
  readonly key: string;
  readonly bytes: number;
  /** When, in milliseconds since 1970 by the server's clock, in whole seconds: headers tell no more. */
  readonly written: number;
}

export interface Upkeep {
  /** Objects whose keys begin with `folder`. */
  list(folder: string): AsyncGenerator<StoredObject>;
  /** When an object was written; null when there is none. */
  written(key: string): Promise<number | null>;
  /** Writes an object without content. */
  put(key: string): Promise<void>;
  /** Removes an object, if it is there and no lock holds it, by one request that ends within so long. */
  remove(key: string, withinMs: number): Promise<void>;
}

/** Its functions throw `StoreRefused` where the rights are missing, and `StoreUnavailable`. No request is sent before the first call. */
export function openUpkeep(options: S3Options): Upkeep {
  const { bucket: Bucket, prefix = '' } = options;
  const client = createClient(options);
  // A removal that is tried again behind its caller's back would come too late.
  const once = createClient(options, 1);
  const told = (key: string) => (error: unknown) => {
    throw describeFailure(options, key, error);
  };
  return {
    async *list(folder) {
      let page: ListObjectsV2CommandOutput | undefined;
      do {
        const after = page?.NextContinuationToken;
        const request = new ListObjectsV2Command({ Bucket, Prefix: prefix + folder, ContinuationToken: after });
        page = await client.send(request).catch(told(folder));
        for (const { Key, Size, LastModified } of page.Contents ?? [])
          if (Key?.startsWith(prefix + folder) && Size !== undefined && LastModified)
            yield { key: Key.slice(prefix.length), bytes: Size, written: inSeconds(LastModified) };
      } while (page.IsTruncated);
    },
    async written(key) {
      const found = await client
        .send(new HeadObjectCommand({ Bucket, Key: prefix + key }))
        .catch((error: unknown) => (isMissing(error) ? null : told(key)(error)));
      return found?.LastModified ? inSeconds(found.LastModified) : null;
    },
    async put(key) {
      await client
        .send(
          new PutObjectCommand({ Bucket, Key: prefix + key, Body: new Uint8Array(), ...encryptionParameters(options) }),
        )
        .catch(told(key));
    },
    async remove(key, withinMs) {
      const abortSignal = AbortSignal.timeout(withinMs);
      await once
        .send(new DeleteObjectCommand({ Bucket, Key: prefix + key }), { abortSignal })
        .catch((error: unknown) => (isLocked(error) ? undefined : told(key)(error)));
    },
  };
}

function inSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1_000) * 1_000;
}
