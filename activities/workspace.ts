/**
 * The folder that a worker's steps write to before what they made goes to S3: one for each process, so that what killed processes
 * left can be told from what live ones need.
 *
 * A folder's name says whose it is: host, process namespace, process id, and when that process began. On another host, or in
 * another container, nobody can see whether a process lives; there a folder is taken for left when nobody has touched it for a day.
 */
import { mkdir, readdir, readlink, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processStart } from './processStatus.js';

export interface Workspace {
  readonly directory: string;
  /** Folders and files of processes that are gone which were removed. */
  readonly removed: number;
  /** Removes the folder. */
  close(): Promise<void>;
}

const hour = 60 * 60_000;
const touchEveryMs = hour;
const abandonedMs = 24 * hour;
/** Downloads that were cut off are continued; of a run that nobody goes on with they are removed. */
const abandonedDownloadMs = 7 * 24 * hour;
const downloads = 'downloads';

/** Where models are fetched to, for whichever process goes on with it. */
export const downloadsIn = (parent: string): string => join(parent, downloads);

/** Makes this process's folder in `parent`, and removes what killed processes have left there. */
export async function openWorkspace(parent: string): Promise<Workspace> {
  const place = await placeHere();
  const directory = join(
    parent,
    nameOf({ ...place, pid: process.pid, start: (await processStart(process.pid)) ?? '' }),
  );
  await mkdir(directory, { recursive: true });
  const removed = await removeAbandoned(parent, place);
  const touch = setInterval(() => {
    const now = new Date();
    // Whoever removed it had waited for a day: its next step makes it anew.
    utimes(directory, now, now).catch(() => undefined);
  }, touchEveryMs).unref();
  return {
    directory,
    removed,
    close: async () => {
      clearInterval(touch);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Where a process id means something. */
interface Place {
  readonly host: string;
  readonly namespace: string;
}

interface Owner extends Place {
  readonly pid: number;
  readonly start: string;
}

async function placeHere(): Promise<Place> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return { host: hostname().replace(/[^\w.-]/g, '_'), namespace: namespace.replace(/\D/g, '') };
}

const nameOf = ({ host, namespace, pid, start }: Owner): string => [host, namespace, pid, start].join('~');

function ownerOf(name: string): Owner | null {
  const [host, namespace, pid, start, ...more] = name.split('~');
  if (!host || namespace === undefined || !pid || start === undefined || more.length > 0) return null;
  return { host, namespace, pid: Number(pid), start };
}

async function removeAbandoned(parent: string, here: Place): Promise<number> {
  const names = (await readdir(parent)).filter((name) => name !== downloads);
  const left: string[] = [];
  for (const name of names) {
    const path = join(parent, name);
    const owner = ownerOf(name);
    const isOfHere = owner?.host === here.host && owner.namespace === here.namespace;
    if (isOfHere ? (await processStart(owner.pid)) !== owner.start : await isOlder(path, abandonedMs)) left.push(path);
  }
  for (const name of await readdir(downloadsIn(parent)).catch(() => []))
    if (await isOlder(join(downloadsIn(parent), name), abandonedDownloadMs)) left.push(join(downloadsIn(parent), name));
  for (const path of left) await rm(path, { recursive: true, force: true });
  return left.length;
}

/** False of what is gone meanwhile. */
async function isOlder(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > ms;
}
