/**
 * Batches of distinct pairs of question and response: what a reward that is expensive to ask is asked for.
 *
 * A reward describes its asking as a `BatchedScoring` and hands that to `RewardTools.scoreInBatches`, which stores each batch's scores
 * under a hash of all that they follow from. So a pair that occurs twice is asked for once, and a batch that has been scored is not
 * asked for again, whatever becomes of the worker. Pure.
 */
import { InvalidReward } from '../errors.js';
import { required } from '../invariant.js';
import type { AskedQuestion, Response, Score } from './samples.js';

/** A question with a response to it, as scorers get it: JSON. */
export interface Pair {
  readonly example: AskedQuestion;
  readonly response: Pick<Response, 'text' | 'truncated'>;
}

/** A pair with the number of the first sample that it stands for, which failures name. */
export interface NumberedPair extends Pair {
  readonly sample: number;
}

export interface Batch {
  /** sha256 of all that the batch's scores follow from, in hexadecimal: the same for every attempt. */
  readonly hash: string;
  readonly signal: AbortSignal;
}

export interface BatchedScoring {
  /** The reward's name. */
  readonly reward: string;
  /** Of the code that asks: raised where the same content is to give other scores. */
  readonly edition: number;
  /** All that scores follow from beside the pairs: the reward's options, a verifier's source. JSON without secrets. */
  readonly content: unknown;
  /** Bounds of one batch: its pairs, and the bytes of their JSON. */
  readonly most: { readonly pairs: number; readonly bytes: number };
  /** Batches under way at once. */
  readonly atOnce: number;
  /**
   * Asks for one batch: a score for each pair, in order. Other batches go on after a failure and are stored.
   * @throws a class of `errors.ts`: its type says whether the batch is tried again
   */
  readonly ask: (pairs: readonly NumberedPair[], batch: Batch) => Promise<readonly Score[]>;
}

/**
 * For rewards that cost something to ask: scores each distinct pair of question and text once, in batches that are stored as soon
 * as they are there and never asked for again.
 * @returns one score for each response, in order
 * @throws InvalidReward when `ask` breaks its contract, or one pair is above the bound of bytes
 */
export type ScoreInBatches = (
  examples: readonly AskedQuestion[],
  responses: readonly Response[],
  scoring: BatchedScoring,
) => Promise<readonly Score[]>;

export interface DistinctPairs {
  readonly pairs: readonly NumberedPair[];
  /** For each response the place of its pair. */
  readonly places: readonly number[];
}

/** The distinct pairs, in the order in which they first occur. Responses with the same text to the same question are one. */
export function distinctPairs(examples: readonly AskedQuestion[], responses: readonly Response[]): DistinctPairs {
  const pairs: NumberedPair[] = [];
  const known = new Map<string, number>();
  const places = responses.map(({ example: question, sample, text, truncated }, index) => {
    const key = JSON.stringify([question, truncated, text]);
    const place = known.get(key) ?? pairs.length;
    if (place === pairs.length) {
      known.set(key, place);
      const example = required(examples[index], 'the question of a response');
      pairs.push({ example, response: { text, truncated }, sample });
    }
    return place;
  });
  return { pairs, places };
}

/**
 * Consecutive pairs, as many to a batch as the bounds allow.
 * @throws InvalidReward for a pair that is above the bound of bytes by itself
 */
export function cutIntoBatches(
  pairs: readonly NumberedPair[],
  { reward, most }: Pick<BatchedScoring, 'reward' | 'most'>,
): readonly (readonly NumberedPair[])[] {
  const batches: NumberedPair[][] = [];
  let bytes = 0;
  for (const pair of pairs) {
    const size = bytesOf(pair);
    if (size > most.bytes)
      throw new InvalidReward(
        `reward ${reward}: ${placeOf(pair)} with its question is ${size} bytes of JSON, a batch has at most ${most.bytes}`,
      );
    const last = batches.at(-1);
    if (last === undefined || last.length === most.pairs || bytes + size > most.bytes) {
      batches.push([pair]);
      bytes = size;
    } else {
      last.push(pair);
      bytes += size;
    }
  }
  return batches;
}

/** UTF-8 bytes of a pair's JSON, with the commas between pairs. */
function bytesOf({ example, response }: Pair): number {
  return utf8.encode(JSON.stringify([example, response])).length;
}

const utf8 = new TextEncoder();

export interface Place {
  readonly example: Pick<AskedQuestion, 'id'>;
  readonly sample: number;
}

/** `sample 3 of question "svamp-17"`: how failures name a pair. */
export function placeOf({ example, sample }: Place): string {
  return `sample ${sample} of question ${JSON.stringify(example.id)}`;
}
