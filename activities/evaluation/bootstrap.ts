/**
 * How far measured accuracies would move had other trainings been run and other questions been asked: a two-level bootstrap.
 *
 * Each replicate draws trainings (seeds) with replacement and questions with replacement, since both are a sample of what might
 * have been. Questions are drawn once for all trainings: a hard question is hard for every seed. All columns (a method under a
 * measure) see the same draws, so that a difference between two columns is of the same questions: paired. With a single
 * training only questions vary.
 * Percentile intervals (Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapters 8 and 13).
 */

import { setImmediate } from 'node:timers/promises';
import { fillIndices } from '../engine/sampling/random.js';
import { InternalError } from '../errors.js';
import { at } from '../invariant.js';

/** The trainings of one seed: under each column's name a number for every test question, in the data set's order. */
export type Block = ReadonlyMap<string, ArrayLike<number>>;

export interface BootstrapOptions {
  readonly replicates: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Bounds of the central 95 % of replicates. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Bootstrap {
  /** Of a column's mean over the blocks that have it; undefined when none has. */
  meanInterval(column: string): Interval | undefined;
  /** Of the mean of `a` less the mean of `b`, over the blocks that have both; undefined when none has. */
  differenceInterval(a: string, b: string): Interval | undefined;
}

/** Replicates between two glances at the event loop, which heartbeats need. */
const replicatesAtOnce = 20;

/** @throws InternalError when columns differ in length. */
export async function bootstrap(blocks: readonly Block[], options: BootstrapOptions): Promise<Bootstrap> {
  const questions = countQuestions(blocks);
  const names = [...new Set(blocks.flatMap((block) => [...block.keys()]))];
  const placeOf = new Map(names.map((name, index) => [name, index]));
  const values = blocks.map((block) => names.map((name) => block.get(name)));
  const { replicates } = options;
  const slots = blocks.length;
  // The mean of each column in each drawn training; NaN where the drawn one lacks the column.
  const means = new Float64Array(replicates * slots * names.length);
  const drawnBlocks = new Uint32Array(slots);
  const drawn = new Uint32Array(questions);
  for (let replicate = 0; replicate < replicates; replicate++) {
    if (replicate % replicatesAtOnce === 0) {
      await setImmediate();
      options.signal?.throwIfAborted();
      options.onProgress?.(replicate, replicates);
    }
    const key = { seed: options.seed, purpose: 'bootstrap', round: replicate } as const;
    fillIndices(drawnBlocks, slots, key);
    fillIndices(drawn, questions, { ...key, example: 1 });
    drawnBlocks.forEach((block, slot) => {
      const start = (replicate * slots + slot) * names.length;
      values[block]?.forEach((column, index) => {
        means[start + index] = column === undefined ? Number.NaN : meanAt(column, drawn);
      });
    });
  }

  const intervalOf = (valueAt: (start: number) => number): Interval | undefined => {
    const replicated: number[] = [];
    for (let replicate = 0; replicate < replicates; replicate++) {
      let sum = 0;
      let present = 0;
      for (let slot = 0; slot < slots; slot++) {
        const value = valueAt((replicate * slots + slot) * names.length);
        if (Number.isNaN(value)) continue;
        sum += value;
        present += 1;
      }
      if (present > 0) replicated.push(sum / present);
    }
    return central(replicated);
  };
  const meanOf = (column: string) => {
    const place = placeOf.get(column);
    return (start: number): number => (place === undefined ? Number.NaN : (means[start + place] ?? Number.NaN));
  };
  return {
    meanInterval: (column) => intervalOf(meanOf(column)),
    differenceInterval(a, b) {
      const [ofA, ofB] = [meanOf(a), meanOf(b)];
      return intervalOf((start) => ofA(start) - ofB(start));
    },
  };
}

function countQuestions(blocks: readonly Block[]): number {
  const lengths = new Set(blocks.flatMap((block) => [...block.values()].map(({ length }) => length)));
  if (lengths.size > 1) throw new InternalError(`columns of ${[...lengths].join(', ')} questions cannot be paired`);
  // No block has a column: there is nothing to draw from.
  const [questions = 0] = lengths;
  return questions;
}

function meanAt(column: ArrayLike<number>, indices: Uint32Array): number {
  let sum = 0;
  for (const index of indices) sum += column[index] ?? Number.NaN;
  return sum / indices.length;
}

/** From the 2.5th to the 97.5th percentile, linear between the two nearest values. */
function central(values: readonly number[]): Interval | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const quantile = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = at(sorted, Math.floor(place));
    const above = at(sorted, Math.ceil(place));
    return below + (place - Math.floor(place)) * (above - below);
  };
  return { low: quantile(0.025), high: quantile(0.975) };
}
