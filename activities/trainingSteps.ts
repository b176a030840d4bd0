/**
 * What the engine's activities share: their dependencies, a directory for what a task writes, and the reading of sample lines.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { QuestionSelection } from './data/types.js';
import type { Engine } from './engine/process/engineClient.js';
import { permutation } from './engine/sampling/random.js';
import type { EngineWork } from './engine/threads/task.js';
import type { MemoryBudget } from './engine/training/memoryBudget.js';
import type { ModelFiles } from './engine/weights/modelFiles.js';
import { endTurn } from './engineTurn.js';
import { at } from './invariant.js';
import type { Work } from './report/types.js';
import type { ScoredSample } from './rewards/samples.js';
import { scoreFields } from './rewards/scores.js';
import { type CheckpointManifest, writeCheckpoint } from './store/checkpoint.js';
import { eachInForm } from './store/inForm.js';
import { failOfRoom } from './store/room.js';
import type { CheckpointRef, ObjectRef, Store } from './store/types.js';

export interface EngineDependencies {
  readonly store: Store;
  readonly engine: Engine;
  /** Where tasks write files before they go to the store; on the same disk as the store's cache, so moving is free. */
  readonly workDirectory: string;
}

/**
 * Runs `work` with a directory of its own, removed afterwards whatever happens.
 * @throws DiskFull when there is no room for what it writes
 */
export async function withOutputDirectory<T>(parent: string, work: (directory: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, 'task-'));
  try {
    return await work(directory);
  } catch (error) {
    return await failOfRoom(parent, error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const tokens = z.array(z.number());

const scoredSampleSchema: z.ZodType<ScoredSample> = z.object({
  example: z.int(),
  sample: z.int(),
  tokens,
  logProbs: z.array(z.number()),
  truncated: z.boolean(),
  text: z.string(),
  ...scoreFields,
});

/** Lines of several scored objects, one after the other. */
export async function readScored(store: Store, refs: readonly ObjectRef[]): Promise<readonly ScoredSample[]> {
  const parts = await Promise.all(
    refs.map(async (ref) => eachInForm(scoredSampleSchema, await store.getLines(ref), ref.key, 'scored samples')),
  );
  return parts.flat();
}

/** Indices into the data set of the selected questions, in order. */
export function selectQuestions(count: number, selection: QuestionSelection, seed: number): readonly number[] {
  const order = orderOf(count, selection, seed);
  const { from, to } = selection;
  return Array.from({ length: to - from }, (_, place) => at(order, (from + place) % count));
}

function orderOf(count: number, selection: QuestionSelection, seed: number): readonly number[] {
  if (selection.order === 'plain') return Array.from({ length: count }, (_, index) => index);
  const shuffled = [...permutation(count, { seed, purpose: 'order-rollout', round: selection.epoch })];
  if (selection.order === 'shuffled') return shuffled;
  const levelOf = selection.levels.flatMap((size, level) => new Array<number>(size).fill(level));
  // Sorting is stable: within a level questions stay shuffled.
  return shuffled.sort((a, b) => at(levelOf, a) - at(levelOf, b));
}

/** Consecutive groups of `size`, the last one smaller where it does not divide. */
export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Places of `count` items in the mini-batches of a round, drawn anew for every epoch over them, from (seed, round, epoch). */
export function drawMiniBatches(
  count: number,
  { miniBatch, epochs }: { readonly miniBatch: number; readonly epochs: number },
  { seed, round }: { readonly seed: number; readonly round: number },
): readonly (readonly number[])[] {
  return Array.from({ length: epochs }, (_, epoch) =>
    chunks([...permutation(count, { seed, purpose: 'order-mini-batch', round, sample: epoch })], miniBatch),
  ).flat();
}

/** Stores what a task has trained: tokenizer and base model are those of the checkpoint `from` that it began with. */
export function writeTrained(
  store: Store,
  files: ModelFiles,
  from: CheckpointManifest,
  randomKeys: CheckpointManifest['randomKeys'],
): Promise<CheckpointRef> {
  endTurn();
  return writeCheckpoint(store, { ...files, base: from.parameters, tokenizer: from.tokenizer, randomKeys });
}

/** What activities that use the engine for long are given of its memory: what the run was planned with. */
export interface Budgeted {
  readonly memory?: MemoryBudget | undefined;
}

/** Of their results: what a task succeeded with after memory had run out. */
export interface Halved {
  readonly halvedMemory?: MemoryBudget;
}

export function shortageOf({ halvedMemory }: Halved): Halved {
  return halvedMemory === undefined ? {} : { halvedMemory };
}

/** The work of an activity's tasks together. */
export function workOf(...tasks: readonly EngineWork[]): Work {
  const total = (pick: (work: EngineWork) => number): number => tasks.reduce((sum, work) => sum + pick(work), 0);
  return {
    engineSeconds: total(({ seconds }) => seconds),
    forwardTokens: total(({ forwardTokens }) => forwardTokens),
    backwardTokens: total(({ backwardTokens }) => backwardTokens),
    generatedTokens: total(({ generatedTokens }) => generatedTokens),
  };
}
