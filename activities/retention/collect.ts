/**
 * Collects garbage: finds what no run needs, by mark and sweep, and removes it.
 *
 * First all objects are listed. Then what is needed is found: by the runs that are under way (`neededNow`), and by what runs have left under
 * `runs/` and `comparisons/`. What a run comes to need meanwhile it either writes, and then it is younger than the list, or gets from
 * one of those, which are read later than the list and none of which loses anything before the grace is over. What no one needs and was
 * written before the grace is removed.
 */
import { atMost } from '../atMost.js';
import { formats, upgrade } from '../formats.js';
import { at } from '../invariant.js';
import { condemnedFolder, removeUnlessWritten } from '../store/removal.js';
import type { StoredObject, Upkeep } from '../store/s3/upkeep.js';
import type { ObjectRef, Store } from '../store/types.js';
import { findRuns, type Marking, markRun, readJson } from './markRun.js';
import { addReferences, noReferences, type References } from './references.js';

/** What runs that are under way need. */
export interface NeededNow {
  /** JSON that names it. */
  readonly values: readonly unknown[];
  /** When the earliest step under way began, in milliseconds since 1970: what it has written nothing names yet. */
  readonly earliestStep: number;
}

export interface CollectOptions extends Marking {
  readonly neededNow: () => Promise<NeededNow>;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Collected {
  /** Objects named by content, and their bytes. */
  readonly kept: Amount;
  /** Those that were removed, or would be. */
  readonly removed: Amount;
  /** Rounds that can no longer be gone back to, or could not, by run. */
  readonly droppedRounds: Readonly<Record<string, readonly number[]>>;
}

interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

/** Usual grace: an hour. */
export const usualGraceMs = 60 * 60_000;

const removalsAtOnce = 16;
const readsAtOnce = 8;

/** @throws StoreRefused where the credentials may not list or delete; IncompatibleVersion where later code has left what is needed */
export async function collect(options: CollectOptions): Promise<Collected> {
  const { store, upkeep, graceMs, isDryRun, onProgress } = options;
  const begun = Date.now();
  const objects = await listed(upkeep, 'objects/');
  const { values, earliestStep } = await options.neededNow();
  const needed = noReferences();
  addReferences(values, needed);
  const droppedRounds = await markPublished(options, needed, begun);
  await followManifests(store, needed);

  const before = Math.min(begun, earliestStep) - graceMs;
  const isGarbage = ({ key, written }: StoredObject): boolean =>
    written < before && !needed.objects.has(key.slice('objects/'.length));
  const garbage = objects.filter(isGarbage);
  const removed = isDryRun ? garbage : await removeAll(upkeep, garbage, onProgress);
  if (!isDryRun) await removeOldMarks(upkeep, begun - graceMs);
  const [all, gone] = [amountOf(objects), amountOf(removed)];
  return {
    kept: { objects: all.objects - gone.objects, bytes: all.bytes - gone.bytes },
    removed: gone,
    droppedRounds,
  };
}

async function listed(upkeep: Upkeep, folder: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const one of upkeep.list(folder)) found.push(one);
  return found;
}

/** What finished steps have left under names: runs by the rule of each, results of comparisons' children for good. */
async function markPublished(
  options: CollectOptions,
  needed: References,
  now: number,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const { store, upkeep } = options;
  const runs = [...findRuns(await listed(upkeep, 'runs/'))];
  const dropped = await atMost(readsAtOnce, runs, (run) => markRun(options, run, needed, now));
  const results = await listed(upkeep, 'comparisons/');
  await atMost(readsAtOnce, results, async ({ key }) => addReferences(await readJson(store, key), needed));
  return Object.fromEntries(
    runs.flatMap(([prefix], index) => {
      const rounds = at(dropped, index);
      return rounds.length === 0 ? [] : [[prefix.slice('runs/'.length), rounds]];
    }),
  );
}

/** A checkpoint needs its weights, its optimiser's state, its adapters and its tokenizer. */
async function followManifests(store: Store, needed: References): Promise<void> {
  await atMost(readsAtOnce, [...needed.manifests], async (sha256) => {
    const key = `objects/${sha256}`;
    // One that a run of long ago names may be gone.
    const bytes = await store.read(key);
    if (bytes === null) return;
    const manifest: object = JSON.parse(Buffer.from(bytes).toString());
    addReferences(upgrade(formats.checkpoint, manifest, key), needed);
  });
}

async function removeAll(
  upkeep: Upkeep,
  garbage: readonly StoredObject[],
  onProgress: CollectOptions['onProgress'],
): Promise<readonly StoredObject[]> {
  let done = 0;
  const removed = await atMost(removalsAtOnce, garbage, async ({ key, written }) => {
    const isGone = await removeUnlessWritten(upkeep, key.slice('objects/'.length), written);
    done += 1;
    onProgress?.(done, garbage.length);
    return isGone;
  });
  return garbage.filter((_, index) => removed[index]);
}

/** Of collections that were killed. */
async function removeOldMarks(upkeep: Upkeep, before: number): Promise<void> {
  for await (const { key, written } of upkeep.list(condemnedFolder))
    if (written < before) await upkeep.remove(key, 30_000);
}

function amountOf(objects: readonly Pick<ObjectRef, 'bytes'>[]): Amount {
  return { objects: objects.length, bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0) };
}
