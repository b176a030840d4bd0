/**
 * Where other runs may branch from a training: what it started with (the activity `keepStart`), the checkpoint after each of its rounds
 * or epochs (noted by the activity that makes it), and both found again (the activity `findBranch`).
 *
 * They lie under the run's id in S3, so a branch needs neither the run's history nor its workers: a failed run can be branched from, and
 * one that ended long ago. A round that is done again after a reset takes the place of the first.
 */
import { asyncLocalStorage } from '@temporalio/activity';
import { z } from 'zod';
import type { Spec } from '../workflows/config/spec.js';
import type { ChooseQuestionsResult } from './chooseQuestions.js';
import type { PreparedData } from './data/types.js';
import type { MemoryBudget } from './engine/training/memoryBudget.js';
import { InvalidSpec } from './errors.js';
import { formats } from './formats.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { PretrainedModel } from './pretrained/source.js';
import {
  findKept,
  listRounds,
  type RoundNeeds,
  type RoundNote,
  readForm,
  readNote,
  roundForm,
  roundKey,
  startKey,
  writeForm,
  writeNote,
} from './retention/notes.js';
import { readManifest } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef, Store } from './store/types.js';
import type { Halved } from './trainingSteps.js';

/** A point that a run was branched from. */
export interface Ancestor {
  readonly run: string;
  /** Rounds or epochs that it had done. */
  readonly round: number;
  /** The checkpoint's sha256. */
  readonly checkpoint: string;
}

/** What a training starts with. */
export interface TrainingStart {
  readonly spec: Spec;
  readonly data: PreparedData;
  /** The warm-up, with its accuracy on validation in percent. */
  readonly start: { readonly checkpoint: CheckpointRef; readonly accuracy: number; readonly step: number };
  /** The model before the warm-up. */
  readonly base: CheckpointRef;
  readonly pretrained?: PretrainedModel;
  /** The questions that the method trains on, where `difficulty` has them chosen. */
  readonly chosen?: ChooseQuestionsResult;
  /** The first round that can be branched from: 0, the warm-up, but in a branch. */
  readonly first: Pick<RoundNote, 'round' | 'checkpoint' | 'memory'>;
  /** Oldest first; none of a run that is no branch. */
  readonly lineage: readonly Ancestor[];
}

export interface KeepStartInput extends TrainingStart {
  /** The workflow's id. */
  readonly run: string;
}

/** As in the specification's `startFrom`. */
export interface FindBranchInput {
  readonly run: string;
  readonly round: number;
}

export interface FindBranchResult extends TrainingStart, Pick<RoundNote, 'checkpoint' | 'memory'> {}

/** Keeping the same start twice is harmless. */
export function createKeepStart({ store }: { readonly store: Store }) {
  return ({ run, ...start }: KeepStartInput): Promise<void> =>
    heartbeatWhile('files', () => writeForm(store, startKey(run), formats.start, start));
}

/** @throws InvalidSpec when there is no such run or round, saying which there are. */
export function createFindBranch({ store }: { readonly store: Store }) {
  return ({ run, round }: FindBranchInput): Promise<FindBranchResult> =>
    heartbeatWhile('files', async () => {
      const start = await readStart(store, run);
      if (start === undefined)
        throw new InvalidSpec(
          `startFrom.run: got ${JSON.stringify(run)}, allowed: a run in bucket ${store.bucket} whose training has begun (that of the baseline has the run's id with -sft behind it)`,
        );
      const { checkpoint, memory } = await findRound(store, run, round, start.first);
      // Refused before any work when it cannot be read.
      const { tokenizer } = await readManifest(store, checkpoint);
      if (tokenizer.sha256 !== start.data.tokenizer.sha256)
        throw new InvalidSpec(`startFrom: the model of ${run} has another tokenizer than its questions`);
      return { ...start, checkpoint, ...(memory ? { memory } : {}) };
    });
}

/** What an activity that ends a round is given for the note of it. */
export interface Noted {
  /** Absent where a workflow of an earlier version asks. */
  readonly needs?: RoundNeeds;
  /** What it was to keep to; where that ran out, its result has what is left. */
  readonly memory?: MemoryBudget | undefined;
}

/**
 * Notes that the training of the activity under way has done so many rounds or epochs, and hands the result on. Outside an activity (in a
 * benchmark or a test) there is no run to note it for.
 */
export async function notingRound<Result extends Pick<RoundNote, 'checkpoint'> & Halved>(
  store: Store,
  round: number,
  result: Result,
  { needs, memory, scored }: Noted & { readonly scored?: readonly ObjectRef[] },
): Promise<Result> {
  const run = asyncLocalStorage.getStore()?.info.workflowExecution?.workflowId;
  const { checkpoint, halvedMemory } = result;
  if (run !== undefined)
    await writeNote(store, roundKey(run, round), {
      round,
      checkpoint,
      memory: halvedMemory ?? memory,
      ...(needs ? { needs } : {}),
      ...(scored ? { scored } : {}),
    });
  return result;
}

/** What is looked at here of a start. */
const startForm = z.looseObject({
  first: roundForm,
  data: z.looseObject({ tokenizer: z.looseObject({ sha256: z.string() }) }),
});

/** Undefined where no training of such a run has begun. @throws CorruptObject when it is of another form */
export async function readStart(store: Store, run: string): Promise<TrainingStart | undefined> {
  return (await readForm(store, startKey(run), formats.start, startForm)) as TrainingStart | undefined;
}

async function findRound(store: Store, run: string, round: number, first: TrainingStart['first']) {
  if (round === first.round) return first;
  const found = round > first.round ? await readNote(store, roundKey(run, round)) : undefined;
  if (found && !found.dropped) return found;
  const kept = listRounds(await findKept(store, run, first.round));
  throw new InvalidSpec(
    `startFrom.round: got ${round}, allowed: ${kept}, the rounds of run ${JSON.stringify(run)} that are done and kept (its \`retention\`)`,
  );
}
