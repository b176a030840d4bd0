/**
 * How objects are removed without harm to whoever stores the same content at that moment.
 *
 * Nobody may remove an object that was written lately, and whoever stores what is there already, but was written long ago, writes it
 * again: so it is young, and spared. Between the look at its age and its removal there are milliseconds. For these the remover leaves a
 * mark, `condemned/<sha256>`, before it looks, and takes it away after the removal. The writer writes, waits until there is no mark, and
 * looks whether the object is there: from then on nobody can have looked at its age before it was written.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3 } from './s3/requests.js';
import type { Upkeep } from './s3/upkeep.js';
import type { ObjectRef } from './types.js';

/** Objects younger than this are not written again. */
export const usuallyFreshMs = 15 * 60_000;

export const condemnedFolder = 'condemned/';
const markOf = (sha256: string): string => `${condemnedFolder}${sha256}`;

const pauseMs = 500;
/** One request takes less; a mark that stays longer is that of a killed remover. */
const longestRemovalMs = 30_000;

/** Writes an object that is there again, and sees to it that it stays. */
export async function keepFromRemoval(s3: S3, ref: ObjectRef, put: () => Promise<unknown>): Promise<void> {
  do {
    await put();
    for (let waited = 0; waited < longestRemovalMs && (await s3.examine(markOf(ref.sha256))); waited += pauseMs)
      await sleep(pauseMs);
  } while ((await s3.size(ref.key)) !== ref.bytes);
}

/**
 * Removes an object, unless it was written since.
 * @param written when it was, as the list of objects said
 * @returns whether it was removed
 */
export async function removeUnlessWritten(upkeep: Upkeep, sha256: string, written: number): Promise<boolean> {
  const mark = markOf(sha256);
  const key = `objects/${sha256}`;
  await upkeep.put(mark);
  try {
    if ((await upkeep.written(key)) !== written) return false;
    await upkeep.remove(key, longestRemovalMs / 2);
    return true;
  } finally {
    await upkeep.remove(mark, longestRemovalMs);
  }
}
