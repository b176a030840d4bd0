/**
 * What may be downloaded of one model or data set: so many bytes in all, and no more than the disk has room for. Sizes are those that
 * the hub announces, so what is too much is refused before its first byte.
 */
import { statfs } from 'node:fs/promises';
import { DiskFull, InvalidSettings } from '../errors.js';

const gibibyte = 2 ** 30;
const variable = 'REFT_DOWNLOAD_GIB';
const usualGibibytes = 64;
const mostGibibytes = 2 ** 20;

/**
 * The limit in bytes that `REFT_DOWNLOAD_GIB` says.
 * @throws InvalidSettings when it is no number of gibibytes
 */
export function downloadLimit({ [variable]: text }: NodeJS.ProcessEnv): number {
  if (!text) return usualGibibytes * gibibyte;
  const gibibytes = Number(text);
  if (gibibytes > 0 && gibibytes <= mostGibibytes) return gibibytes * gibibyte;
  throw new InvalidSettings(
    `${variable} is ${JSON.stringify(text)}: allowed is a number from above 0 to ${mostGibibytes}`,
  );
}

export interface WantedDownload {
  /** What to call it, and whose sizes these are. */
  readonly name: string;
  /** Bytes of all its files. */
  readonly bytes: number;
  /** Of them already on the disk. */
  readonly present: number;
  /** Where the files go. */
  readonly directory: string;
}

/**
 * @param refused the error for what is above the limit, which no other attempt can mend
 * @throws that; DiskFull when the disk has no room
 */
export async function checkDownload(
  { name, bytes, present, directory }: WantedDownload,
  limit: number,
  refused: new (message: string) => Error,
): Promise<void> {
  if (bytes > limit)
    throw new refused(
      `${name}: its files have ${inGibibytes(bytes)}, and ${inGibibytes(limit)} may be downloaded; set ${variable} for the worker to a larger number`,
    );
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (bytes - present > free)
    throw new DiskFull(
      `${name}: ${inGibibytes(bytes - present)} are to be downloaded, and the disk of ${directory} has room for ${inGibibytes(free)}`,
    );
}

function inGibibytes(bytes: number): string {
  return `${Number((bytes / gibibyte).toPrecision(3))} GiB`;
}
