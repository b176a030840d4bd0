/**
 * Keeps the newest safetensors files in memory, because a task usually starts from what the last one wrote.
 *
 * An entry belongs to a file, not to a path: it is found by device, inode, size and time of writing. So moving a file (into
 * the store's local cache, say) keeps its entry, and a file put where another was never gets the other's numbers.
 */
import { stat } from 'node:fs/promises';
import { machine } from '../ort/machine.js';
import { leaveDevice } from '../ort/placement.js';
import type { Parameters } from './parameters.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

interface Entry {
  readonly tensors: Parameters;
  readonly bytes: number;
  /** Handed to a reader, who may still hold it: a writer then gets copies. */
  shared: boolean;
}

/** Least recently used first. */
const entries = new Map<string, Entry>();

/** Bytes kept at most. Tasks need the rest of the machine's memory for themselves. */
export const cacheLimit = machine.memoryBytes / 8;

/** The file's tensors, shared with every other reader: not to be changed. */
export async function readShared(path: string): Promise<Parameters> {
  const identity = await identityOf(path);
  const entry = entries.get(identity) ?? entryOf((await readSafetensors(path)).tensors);
  entry.shared = true;
  keep(identity, entry);
  return entry.tensors;
}

/** What `derive` makes of these files (and of nothing else), made once and shared with every other reader. */
export async function readDerived(paths: readonly string[], derive: () => Promise<Parameters>): Promise<Parameters> {
  const identity = (await Promise.all(paths.map(identityOf))).join('+');
  const entry = entries.get(identity) ?? entryOf(await derive());
  keep(identity, entry);
  return entry.tensors;
}

/** The file's tensors for the caller alone, who may change them: the cache forgets them. */
export async function readPrivate(path: string): Promise<Parameters> {
  const identity = await identityOf(path);
  const entry = entries.get(identity);
  if (entry === undefined) return (await readSafetensors(path)).tensors;
  entries.delete(identity);
  if (!entry.shared) return entry.tensors;
  // A reader who still has the arrays finds the same numbers in them.
  leaveDevice(Array.from(entry.tensors.values(), ({ data }) => data.buffer));
  return copyOf(entry.tensors);
}

/** Writes a file and keeps its tensors, which from now on belong to the cache: the caller must not change them any more. */
export async function writeAndKeep(
  path: string,
  tensors: Parameters,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await writeSafetensors(path, tensors, metadata);
  keep(await identityOf(path), entryOf(tensors));
}

function keep(identity: string, entry: Entry): void {
  entries.delete(identity);
  entries.set(identity, entry);
  let total = 0;
  for (const { bytes } of entries.values()) total += bytes;
  for (const [oldest, { bytes }] of entries) {
    if (total <= cacheLimit) break;
    entries.delete(oldest);
    total -= bytes;
  }
}

function entryOf(tensors: Parameters): Entry {
  let bytes = 0;
  for (const { data } of tensors.values()) bytes += data.byteLength;
  return { tensors, bytes, shared: false };
}

function copyOf(tensors: Parameters): Parameters {
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
}

async function identityOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs].join(':');
}
