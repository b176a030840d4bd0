/** What a run that has left something under `runs/<id>/` keeps, by the rule in its own specification; and its rounds that it keeps no longer. */
import type { RetentionSpec } from '../../workflows/config/retention.js';
import { formats } from '../formats.js';
import { anyRecord } from '../store/inForm.js';
import type { StoredObject, Upkeep } from '../store/s3/upkeep.js';
import type { Store } from '../store/types.js';
import { noteKey, type RoundNote, readForm, readNote, writeKept, writeNote } from './notes.js';
import { addReferences, type References } from './references.js';
import { keptRounds } from './rule.js';

export interface Marking {
  readonly store: Store;
  readonly upkeep: Upkeep;
  /** What is younger is spared: more than clocks differ, and than objects may be old without being written again. */
  readonly graceMs: number;
  /** Nothing is changed. */
  readonly isDryRun: boolean;
}

/** What lies under a run's prefix, as far as it names objects. */
export interface FoundRun {
  start?: StoredObject;
  result?: StoredObject;
  readonly rounds: Map<number, StoredObject>;
}

/** By prefix: `runs/<id>`. */
export function findRuns(objects: readonly StoredObject[]): ReadonlyMap<string, FoundRun> {
  const runs = new Map<string, FoundRun>();
  for (const object of objects) {
    const [, prefix, name] = /^(runs\/[^/]+)\/(.+)$/.exec(object.key) ?? [];
    if (prefix === undefined || name === undefined) continue;
    const run: FoundRun = runs.get(prefix) ?? { rounds: new Map() };
    runs.set(prefix, run);
    const round = /^rounds\/(\d+)\.json$/.exec(name)?.[1];
    if (name === 'training.json') run.start = object;
    else if (name === 'result.json') run.result = object;
    else if (round !== undefined) run.rounds.set(Number(round), object);
  }
  return runs;
}

/** Of specifications that are older than the field. */
const usualRule: RetentionSpec = { last: 2, everyRounds: 10, rolloutDays: 7 };

const dayMs = 24 * 60 * 60_000;

interface Noted extends RoundNote {
  readonly written: number;
}

/**
 * Adds what the run keeps to `needed`. A round that it no longer keeps is noted as dropped; what it had is spared until the grace
 * is over, for whoever branches from it at this moment.
 * @returns the rounds that were dropped now
 */
export async function markRun(
  { store, upkeep, graceMs, isDryRun }: Marking,
  [prefix, { start, result, rounds }]: readonly [string, FoundRun],
  needed: References,
  now: number,
): Promise<readonly number[]> {
  if (result) addReferences(await readJson(store, result.key), needed);
  const begun = start && (await readForm(store, start.key, formats.start, anyRecord));
  addReferences(begun, needed);
  const { rolloutDays, ...rule } = ruleOf(begun);
  const notes: Noted[] = [];
  for (const [round, { written, key }] of rounds) {
    const note = await readNote(store, key);
    if (note) notes.push({ ...note, round, written });
  }
  const current = notes.filter(({ dropped }) => !dropped);
  const kept = keptRounds(
    current.map(({ round, written, checkpoint, needs }) => {
      return { round, written, checkpoint: checkpoint.sha256, best: needs?.best.sha256 };
    }),
    rule,
  );
  for (const { round, written, checkpoint, needs, scored, dropped } of notes) {
    if (kept.has(round) || !dropped || now - written < graceMs) addReferences({ checkpoint, needs }, needed);
    // The curve is saved before the round that follows, and a run that goes back begins with that round.
    if (kept.has(round - 1)) addReferences(needs?.others, needed);
    if (now - written < rolloutDays * dayMs) addReferences(scored, needed);
  }
  const leaving = current.filter(({ round }) => !kept.has(round));
  if (isDryRun) return leaving.map(({ round }) => round);
  if (leaving.length > 0) {
    const last = Math.max(...notes.map(({ round }) => round));
    await writeKept(store, prefix, { rounds: [...kept].sort((a, b) => a - b), last });
  }
  for (const { written: _, ...note } of leaving)
    await writeNote(store, noteKey(prefix, note.round), { ...note, dropped: true });
  const overMs = Math.max(graceMs, rolloutDays * dayMs);
  for (const { round, written, dropped } of notes)
    if (dropped && now - written >= overMs && !kept.has(round - 1)) await upkeep.remove(noteKey(prefix, round), 30_000);
  return leaving.map(({ round }) => round);
}

/** Whatever its form: only what it names is looked at. */
export async function readJson(store: Store, key: string): Promise<unknown> {
  const bytes = await store.read(key);
  return bytes === null ? undefined : JSON.parse(Buffer.from(bytes).toString());
}

function ruleOf(start: object | undefined): RetentionSpec {
  const spec = start && 'spec' in start ? start.spec : undefined;
  // It was checked when the run began.
  return typeof spec === 'object' && spec !== null && 'retention' in spec
    ? (spec.retention as RetentionSpec)
    : usualRule;
}
