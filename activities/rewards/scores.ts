/**
 * What a sound score is: checked where a reward of ours gives one, read where somebody else's scorer does.
 *
 * Pure. Every failure is an `InvalidReward` that names the reward, the question and the sample.
 */
import { z } from 'zod';
import { InvalidReward } from '../errors.js';
import { at } from '../invariant.js';
import { type NumberedPair, type Place, placeOf } from './batches.js';
import type { Score } from './samples.js';

/** The fields of a stored score. */
export const scoreFields = {
  value: z.union([z.number(), z.string(), z.null()]),
  correct: z.boolean(),
  reward: z.number(),
  failure: z.string().exactOptional(),
  parts: z.record(z.string(), z.number()).exactOptional(),
};

/** Most names of parts among the scores: each is a curve of the report and a metric of every round. */
const mostParts = 32;

/**
 * The scores, where there is a sound one for each of the samples that were asked for.
 * @throws InvalidReward for another number of scores, a reward or a part that is not finite, or too many parts
 */
export function checkScores(reward: string, asked: readonly Place[], scores: readonly Score[]): readonly Score[] {
  if (scores.length !== asked.length)
    throw new InvalidReward(`reward ${reward} gave ${scores.length} scores for ${responses(asked)}`);
  const names = new Set<string>();
  scores.forEach(({ reward: worth, parts = {} }, index) => {
    const check = (isSound: boolean, problem: string): void => {
      if (!isSound) throw new InvalidReward(`reward ${reward}, ${placeOf(at(asked, index))}: ${problem}`);
    };
    check(Number.isFinite(worth), `the reward is ${worth}, not a finite number`);
    for (const [name, value] of Object.entries(parts)) {
      names.add(name);
      check(Number.isFinite(value), `the part ${name} is ${value}, not a finite number`);
      check(names.size <= mostParts, `the part ${name} is one too many, at most ${mostParts} names are allowed`);
    }
  });
  return scores;
}

const word = z.string().regex(/^[\w-]{1,64}$/, '1 to 64 letters, digits, _ or - are allowed');

/** Each field that is wrong would be a problem of its own, and a hostile answer has a million. */
function hasFewFields(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length <= mostParts;
}

/** What a scorer may say of one response: a number, or an object with `reward`. */
const givenScore = z.union([
  z.number(),
  z.strictObject({
    reward: z.number(),
    correct: z.boolean().optional(),
    value: scoreFields.value.optional(),
    failure: word.optional(),
    parts: z
      .custom<Readonly<Record<string, unknown>>>(hasFewFields, `at most ${mostParts} parts are allowed`)
      .pipe(z.record(word, z.number()))
      .optional(),
  }),
]);

/** What scorers that the user writes may return, in the words of their documentation. */
export interface ReadingOptions {
  /** The reward's name. */
  readonly reward: string;
  /** A response whose score does not say `correct` is right from this reward on. */
  readonly correctFrom: number;
}

/**
 * Makes scores of what a scorer gave: for each pair a number, or `{reward, correct?, value?, failure?, parts?}`.
 *
 * What is not said: `correct` is whether the reward is at least `correctFrom`; `value` is the response's text without the space around
 * it, or null where there is a `failure`.
 * @param given anything at all
 * @throws InvalidReward for anything else than one such score for each pair
 */
export function readScores(
  { reward, correctFrom }: ReadingOptions,
  pairs: readonly NumberedPair[],
  given: unknown,
): readonly Score[] {
  if (!Array.isArray(given))
    throw new InvalidReward(`reward ${reward} gave ${shown(given)} for ${responses(pairs)}, not a list of scores`);
  if (given.length !== pairs.length)
    throw new InvalidReward(`reward ${reward} gave ${given.length} scores for ${responses(pairs)}`);
  const scores = pairs.map((pair, index): Score => {
    const one: unknown = given[index];
    const { data, error } = givenScore.safeParse(one);
    if (error)
      throw new InvalidReward(
        `reward ${reward}, ${placeOf(pair)}: ${shown(one)} is no score, which is a finite number or {reward, correct, value, failure, parts} of which only reward must be there: ${z.prettifyError(error)}`,
      );
    const { reward: worth, correct, value, failure, parts } = typeof data === 'number' ? { reward: data } : data;
    return {
      reward: worth,
      correct: correct ?? worth >= correctFrom,
      value: value === undefined ? (failure === undefined ? pair.response.text.trim() : null) : value,
      ...(failure === undefined ? {} : { failure }),
      ...(parts === undefined ? {} : { parts }),
    };
  });
  return checkScores(reward, pairs, scores);
}

const longestShown = 120;

/** A value as failures show it: JSON, cut when long. */
export function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

function responses({ length }: readonly unknown[]): string {
  return length === 1 ? '1 response' : `${length} responses`;
}
