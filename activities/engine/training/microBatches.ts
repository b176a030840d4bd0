/**
 * Splits a batch into micro-batches that fit in memory, sequences of like length together. How depends on the batch, the model and
 * the machine's size alone, so a step taken again is the same.
 */
import type { TokenSequence } from '../api.js';
import { InsufficientMemory } from '../runtime/errors.js';
import { groupByLength, trainedLength } from './layout.js';
import type { MemoryModel, Sizes } from './memory.js';

/** What a step needs and may take, in bytes. */
export interface StepMemory {
  /** Weights, moments, and whatever else stays between steps. */
  readonly kept: number;
  /** Kept besides where gradients are summed over micro-batches. */
  readonly sums: number;
  /** One run on a whole batch. */
  readonly whole: MemoryModel;
  /** One run on a micro-batch. */
  readonly part: MemoryModel;
  readonly usable: number;
  /** One run stays below this where splitting can help. */
  readonly run: number;
}

/**
 * @returns the sequences of each micro-batch, by their indices; one micro-batch where the whole batch fits.
 * @throws InsufficientMemory when the longest sequence does not fit by itself.
 */
export function splitBatch(sequences: readonly TokenSequence[], memory: StepMemory): readonly (readonly number[])[] {
  const everything = sequences.map((_, index) => index);
  const sizesOf = (group: readonly number[]): Sizes => groupSizes(group.flatMap((index) => sequences[index] ?? []));
  const whole = memory.whole(sizesOf(everything));
  if (memory.kept + whole <= memory.usable && (whole <= memory.run || everything.length === 1)) return [everything];
  const needed = (group: readonly number[]): number => memory.kept + memory.sums + memory.part(sizesOf(group));
  const fits = (group: readonly number[]): boolean => {
    const part = memory.part(sizesOf(group));
    return part <= memory.run && memory.kept + memory.sums + part <= memory.usable;
  };
  const groups = groupByLength(sequences.map(trainedLength), fits);
  for (const group of groups) {
    const [first = 0, ...more] = group;
    if (more.length === 0 && needed(group) > memory.usable)
      throw new InsufficientMemory(
        `training on one sequence of ${trainedLength(sequences[first] ?? { prompt: [], answer: [] })} tokens needs ${needed(group)} bytes of memory (${memory.kept} of them for weights and moments), ${memory.usable} are available: take a smaller model, LoRA, or shorter sequences`,
      );
  }
  return groups;
}

/** The dynamic dimensions of the graphs over laid-out sequences, for these sequences in one run. */
export function groupSizes(sequences: readonly TokenSequence[]): Sizes {
  const lengths = sequences.map(trainedLength);
  return {
    batch: sequences.length,
    time: Math.max(...lengths),
    tokens: lengths.reduce((a, b) => a + b, 0),
    answers: sequences.reduce((total, { answer }) => total + answer.length, 0),
  };
}
