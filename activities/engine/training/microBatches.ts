/**
 * Splits a batch into micro-batches: a share for each worker thread, or as many as memory asks for, sequences of like length together. How
 * depends on the batch, the model and the machine's size alone, so a step taken again is the same.
 */

import { InsufficientMemory } from '../../errors.js';
import { gibibytes } from '../../gibibytes.js';
import { allAt, at } from '../../invariant.js';
import { blockCount, queriesOfBlock } from '../graph/blockAttention.js';
import type { TokenSequence } from './layout.js';
import { groupByLength, trainedLength } from './layout.js';
import type { MemoryModel, Sizes } from './memory.js';

/** What a step needs and may take, in bytes. */
export interface StepMemory {
  /** What stays between steps, by what it is. */
  readonly held: { readonly frozenWeights: number; readonly weights: number; readonly optimiserState: number };
  /** All of it. */
  readonly kept: number;
  /** Kept besides where gradients are summed over micro-batches, in every worker thread. */
  readonly sums: number;
  /** How many micro-batches run at once. */
  readonly workerThreads: number;
  /** One run on a whole batch. */
  readonly whole: MemoryModel;
  /** One run on a micro-batch. */
  readonly part: MemoryModel;
  readonly usable: number;
  /** One run stays below this where splitting can help. */
  readonly run: number;
}

/** Tokens that are worth a worker thread: on fewer, a step is little but calls of operators, of which every worker thread makes as many. */
const tokensPerThread = 128;

/**
 * @returns the sequences of each micro-batch, by their indices; one micro-batch where the whole batch fits and worker threads are not worth
 * it.
 * @throws InsufficientMemory when the longest sequence does not fit by itself.
 */
export function splitBatch(sequences: readonly TokenSequence[], memory: StepMemory): readonly (readonly number[])[] {
  const everything = sequences.map((_, index) => index);
  const sizesOf = (group: readonly number[]): Sizes => groupSizes(allAt(sequences, group));
  const needed = (part: number): number => memory.kept + memory.workerThreads * (memory.sums + part);
  const fits = (group: readonly number[]): boolean => {
    const part = memory.part(sizesOf(group));
    return memory.workerThreads * part <= memory.run && needed(part) <= memory.usable;
  };
  const shares = evenShares(sequences.map(trainedLength), memory.workerThreads);
  if (shares.length > 1 && shares.every(fits)) return shares;
  const whole = memory.whole(sizesOf(everything));
  if (memory.kept + whole <= memory.usable && (whole <= memory.run || everything.length === 1)) return [everything];
  const groups = groupByLength(sequences.map(trainedLength), fits);
  for (const group of groups) {
    const bytes = needed(memory.part(sizesOf(group)));
    if (group.length === 1 && bytes > memory.usable)
      throw new InsufficientMemory(
        `training on one sequence of ${trainedLength(at(sequences, at(group, 0)))} tokens needs ${gibibytes(bytes)} of memory (${gibibytes(memory.kept)} of them for weights and the optimiser's state), ${gibibytes(memory.usable)} are available: take a smaller model, LoRA, or shorter sequences`,
      );
  }
  return groups;
}

/** Deals sequences out to worker threads, the longest first and back and forth: each gets as many, of like lengths. One share where more are not worth it. */
function evenShares(lengths: readonly number[], workerThreads: number): readonly (readonly number[])[] {
  const tokens = lengths.reduce((total, length) => total + length, 0);
  const count = Math.max(1, Math.min(workerThreads, lengths.length, Math.floor(tokens / tokensPerThread)));
  const shares = Array.from({ length: count }, (): number[] => []);
  const longestFirst = [...lengths.keys()].sort((a, b) => at(lengths, b) - at(lengths, a) || a - b);
  longestFirst.forEach((index, place) => {
    const [round, turn] = [Math.floor(place / count), place % count];
    at(shares, round % 2 === 0 ? turn : count - 1 - turn).push(index);
  });
  return shares.map((share) => share.sort((a, b) => a - b));
}

/** What each worker thread takes of the micro-batches: one after the other, as they come. */
export function dealToThreads<Item>(
  microBatches: readonly Item[],
  workerThreads: number,
): readonly (readonly Item[])[] {
  return Array.from({ length: Math.min(workerThreads, microBatches.length) }, (_, workerThread) =>
    microBatches.filter((_, index) => index % workerThreads === workerThread),
  );
}

/** The dynamic dimensions of the graphs over laid-out sequences, for these sequences in one run. */
export function groupSizes(sequences: readonly TokenSequence[]): Sizes {
  const lengths = sequences.map(trainedLength);
  return {
    batch: sequences.length,
    time: Math.max(...lengths),
    tokens: lengths.reduce((a, b) => a + b, 0),
    answers: sequences.reduce((total, { answer }) => total + answer.length, 0),
    [blockCount]: Math.ceil(Math.max(...lengths) / queriesOfBlock),
  };
}
