/** What is said when a disk is full: the system names neither folder nor disk. */
import { statfs } from 'node:fs/promises';
import { DiskFull, messageOf } from '../errors.js';

/** The system's words for a full disk and for a user's share of it that is used up. */
const outOfRoom = /^(ENOSPC|EDQUOT)\b/;

/** Also of an error that came from another process or thread, which has lost its code on the way. */
export function isOutOfRoom(error: unknown): boolean {
  return (
    error instanceof Error && ('code' in error ? outOfRoom.test(String(error.code)) : outOfRoom.test(error.message))
  );
}

/**
 * @param folder where something was to be written
 * @throws DiskFull naming the folder when the error is that of a full disk, else the error itself
 */
export async function failOfRoom(folder: string, error: unknown): Promise<never> {
  if (!isOutOfRoom(error)) throw error;
  const { bavail, bsize } = await statfs(folder);
  const free = Math.round((bavail * bsize) / 2 ** 20);
  throw new DiskFull(`no room left on the disk of ${folder} (${free} MiB free): ${messageOf(error)}`, { cause: error });
}
