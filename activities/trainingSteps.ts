/**
 * What the engine's activities share: their dependencies, a directory for what a task writes, and the reading of data-set and
 * sample lines.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { linesOf } from './data/files/lines.js';
import type { DataSetRef, Example, QuestionSelection } from './data/types.js';
import type { Engine } from './engine/process/engineClient.js';
import { permutation } from './engine/sampling/random.js';
import type { EngineWork } from './engine/threads/task.js';
import type { ModelFiles } from './engine/weights/modelFiles.js';
import { InvalidData } from './errors.js';
import { at, required } from './invariant.js';
import type { Work } from './report/types.js';
import type { ScoredSample } from './rewards/samples.js';
import { scoreFields } from './rewards/scores.js';
import { type CheckpointManifest, writeCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef, Store } from './store/types.js';

export interface EngineDependencies {
  readonly store: Store;
  readonly engine: Engine;
  /** Where tasks write files before they go to the store; on the same disk as the store's cache, so moving is free. */
  readonly workDirectory: string;
}

/** Runs `work` with a directory of its own, removed afterwards whatever happens. */
export async function withOutputDirectory<T>(parent: string, work: (directory: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, 'task-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const tokens = z.array(z.number());

const exampleSchema: z.ZodType<Example> = z.object({
  id: z.string(),
  question: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).exactOptional(),
  prompt: z.string(),
  promptTokens: tokens,
  answer: z.string().exactOptional(),
  answerTokens: tokens.exactOptional(),
  answerValue: z.union([z.number(), z.string()]),
});

const scoredSampleSchema: z.ZodType<ScoredSample> = z.object({
  example: z.int(),
  sample: z.int(),
  tokens,
  logProbs: z.array(z.number()),
  truncated: z.boolean(),
  text: z.string(),
  ...scoreFields,
});

/** Data sets read last, by content: a worker's activities ask for the same few again and again. */
const recent = new Map<string, readonly Example[]>();
const mostRecent = 3;

export async function readExamples(store: Store, data: DataSetRef): Promise<readonly Example[]> {
  const examples = recent.get(data.sha256) ?? (await parseExamples(await store.getFile(data)));
  recent.delete(data.sha256);
  recent.set(data.sha256, examples);
  const [oldest] = recent.keys();
  if (oldest !== undefined && recent.size > mostRecent) recent.delete(oldest);
  return examples;
}

/** Line by line: a large data set is longer than any text can be. Lets other work through now and then. */
async function parseExamples(path: string): Promise<readonly Example[]> {
  const examples: Example[] = [];
  for (const { number, bytes } of linesOf(path, Number.POSITIVE_INFINITY)) {
    if (number % 500 === 0) await setImmediate();
    examples.push(exampleSchema.parse(JSON.parse(Buffer.from(required(bytes, 'a line of a data set')).toString())));
  }
  return examples;
}

/** @throws InvalidData for a sample of a question that the data set does not have. */
export function promptOf(examples: readonly Example[], example: number): readonly number[] {
  const { promptTokens } = examples[example] ?? {};
  if (promptTokens) return promptTokens;
  throw new InvalidData(`a sample is of question ${example}, but the data set has ${examples.length}`);
}

/** Lines of several scored objects, one after the other. */
export async function readScored(store: Store, refs: readonly ObjectRef[]): Promise<readonly ScoredSample[]> {
  const parts = await Promise.all(
    refs.map(async (ref) => z.array(scoredSampleSchema).parse(await store.getLines(ref))),
  );
  return parts.flat();
}

/** Indices into the data set of the selected questions, in order. */
export function selectQuestions(count: number, selection: QuestionSelection, seed: number): readonly number[] {
  const order =
    selection.order === 'plain'
      ? Array.from({ length: count }, (_, index) => index)
      : [...permutation(count, { seed, purpose: 'order-rollout', round: selection.epoch })];
  const { from, to } = selection;
  return Array.from({ length: to - from }, (_, place) => at(order, (from + place) % count));
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
  return writeCheckpoint(store, { ...files, base: from.parameters, tokenizer: from.tokenizer, randomKeys });
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
