/**
 * What a training leaves under its run's id for those who go back to a round or branch from one: `training.json`, the start, and a note
 * for each round with all that going on from there needs and the start does not tell.
 *
 * The garbage collection takes the note of a round that is not kept for what it was (`dropped`), some time later away, and tells which are
 * kept in `rounds/kept.json`.
 */
import { z } from 'zod';
import type { MemoryBudget } from '../engine/training/memoryBudget.js';
import { type Format, formats, upgrade, versionOf } from '../formats.js';
import { anyRecord, inForm, jsonOf } from '../store/inForm.js';
import { runPrefix } from '../store/runKeys.js';
import type { CheckpointRef, ObjectRef, Store } from '../store/types.js';

/** What a run that goes on from the end of a round needs beside its checkpoint and the start of its training. */
export interface RoundNeeds {
  /** The best checkpoint before the round. */
  readonly best: CheckpointRef;
  /** The curve so far; what offline self-training trains on. */
  readonly others: readonly ObjectRef[];
}

export interface RoundNote {
  readonly round: number;
  readonly checkpoint: CheckpointRef;
  /** What steps after it may take: sums, and with them the last bits of results, go by it. Absent where the run was not planned. */
  readonly memory?: MemoryBudget | undefined;
  /** Absent in notes of earlier versions. */
  readonly needs?: RoundNeeds;
  /** The scored answers that it trained on. */
  readonly scored?: readonly ObjectRef[];
  /** Its checkpoint will be gone soon. */
  readonly dropped?: true;
}

/** Which rounds up to the one that was the last are kept. */
export interface KeptRounds {
  readonly rounds: readonly number[];
  readonly last: number;
}

/** What is looked at here of a note. */
const checkpointForm = z.looseObject({ key: z.string(), sha256: z.string(), bytes: z.int(), step: z.int() });
export const roundForm = z.looseObject({
  round: z.int().min(0),
  checkpoint: checkpointForm,
  memory: z.looseObject({ training: z.number(), microBatch: z.number(), cache: z.number() }).optional(),
  needs: z.looseObject({ best: checkpointForm, others: z.array(z.looseObject({ sha256: z.string() })) }).optional(),
});
const keptForm = z.looseObject({ rounds: z.array(z.int()), last: z.int() });

type Notes = Pick<Store, 'read' | 'publish'>;

export const startKey = (run: string): string => `${runPrefix(run)}/training.json`;
export const roundKey = (run: string, round: number): string => noteKey(runPrefix(run), round);
const keptKey = (prefix: string): string => `${prefix}/rounds/kept.json`;
export const noteKey = (prefix: string, round: number): string => `${prefix}/rounds/${round}.json`;

export function writeNote(store: Notes, key: string, note: RoundNote): Promise<void> {
  return writeForm(store, key, formats.round, note);
}

export async function readNote(store: Notes, key: string): Promise<RoundNote | undefined> {
  return (await readForm(store, key, formats.round, roundForm)) as RoundNote | undefined;
}

export function writeKept(store: Notes, prefix: string, kept: KeptRounds): Promise<void> {
  return writeForm(store, keptKey(prefix), formats.keptRounds, kept);
}

/**
 * The rounds of a run that one can go back to or branch from, in order, from what was noted of them.
 * @param first the earliest, which the start of its training tells
 */
export async function findKept(store: Notes, run: string, first: number): Promise<readonly number[]> {
  const known = (await readForm(store, keptKey(runPrefix(run)), formats.keptRounds, keptForm)) as
    | KeptRounds
    | undefined;
  const { rounds, last } = known ?? { rounds: [], last: first };
  const noted = async (round: number) => (await readNote(store, roundKey(run, round))) !== undefined;
  // From there on all are there, one after the other, so the last is found by halving.
  let [done, missing] = [last, last + 1];
  while (await noted(missing)) [done, missing] = [missing, missing + 2 * (missing - last)];
  while (missing - done > 1) {
    const middle = Math.floor((done + missing) / 2);
    if (await noted(middle)) done = middle;
    else missing = middle;
  }
  const later = Array.from({ length: done - last }, (_, index) => last + 1 + index);
  return [...new Set([first, ...rounds, ...later])].sort((a, b) => a - b);
}

/** `0, 10, 19 to 21`. */
export function listRounds(rounds: readonly number[]): string {
  const spans: { readonly from: number; to: number }[] = [];
  for (const round of rounds) {
    const span = spans.at(-1);
    if (span?.to === round - 1) span.to = round;
    else spans.push({ from: round, to: round });
  }
  return spans.map(({ from, to }) => (from === to ? String(from) : `${from} to ${to}`)).join(', ');
}

export function writeForm(store: Notes, key: string, format: Format, content: object): Promise<void> {
  return store.publish(key, Buffer.from(JSON.stringify({ version: versionOf(format), ...content })));
}

/** Undefined when there is none. @throws CorruptObject when it is of another form */
export async function readForm(
  store: Notes,
  key: string,
  format: Format,
  form: z.ZodType<object>,
): Promise<object | undefined> {
  const bytes = await store.read(key);
  if (bytes === null) return undefined;
  const fields = inForm(anyRecord, jsonOf(bytes, key, format.name), key, format.name);
  return inForm(form, upgrade(format, fields, key), key, format.name);
}
