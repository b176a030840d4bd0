/**
 * Splits that never move: a question's own text decides where it belongs, so it stays there when rows are added, taken away or put in another
 * order, and repeats of a question are on one side.
 */
import { questionKey } from './sameQuestion.js';

/** Characters of a key that make a number: 8 of 64 values each are 48 bits, which a double holds. */
const characters = 8;

/** A number in [0, 1), evenly spread over questions and the same for questions that are the same (`sameQuestion.ts`). */
export function shareOf(question: string): number {
  return shareFrom(questionKey(question), 0);
}

/** Another such number, of a question's key: what is held out must not depend on what has been split off before. */
export function secondShareOf(key: string): number {
  return shareFrom(key, characters);
}

function shareFrom(key: string, start: number): number {
  const bytes = Buffer.from(key.slice(start, start + characters), 'base64');
  return bytes.readUIntBE(0, 6) / 2 ** 48;
}
