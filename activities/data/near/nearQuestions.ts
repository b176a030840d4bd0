/**
 * When two questions are nearly the same: they have the same numbers in the same order, and share most of their runs of words. A problem
 * retold with other numbers is another problem; one with a name or a phrase changed gives its answer away.
 */
import { at } from '../../invariant.js';
import { plainQuestion, questionKey } from '../sameQuestion.js';
import { createSimilarSets, type HashedSet, hashedSet, similarity } from './minHash.js';

/** Words in a run. */
const runLength = 3;
/** Longer questions are compared by their first words. */
const mostWords = 2_000;

/** From so much of their runs in common on, questions of the same numbers are nearly the same. */
export const nearFrom = 0.7;

const thousands = /(\d),(?=\d{3}(?!\d))/g;

/** A question's runs of words. Marks of operations count as words: they are what is asked. Options of a choice do not. */
function runsOf(question: string): HashedSet {
  const asked = question.replace(/\na \) [\s\S]*$/u, '');
  const words =
    plainQuestion(asked.replace(thousands, '$1')).match(/\d+(?:[.,]\d+)*|[\p{L}\p{M}]+|[^\s\p{L}\p{M}\p{N}]/gu) ?? [];
  const compared = words.slice(0, mostWords).map((word) => (/^\d/.test(word) ? plainNumber(word) : word));
  if (compared.length < runLength) return hashedSet([compared.join(' ')]);
  return hashedSet(compared.slice(runLength - 1).map((_, at) => compared.slice(at, at + runLength).join(' ')));
}

/** The numbers of a question, in order, as one text. */
function numbersOf(question: string): string {
  const asked = question.replace(/\na \) [\s\S]*$/u, '');
  return (asked.match(/\d+(?:[.,]\d+)*/g) ?? []).map(plainNumber).join(' ');
}

function plainNumber(written: string): string {
  return written.replaceAll(',', '').replace(/\.0+$/, '');
}

export interface NearQuestions {
  add(question: string, name: string): void;
  /** The name of the most similar question added so far, where one is nearly the same. */
  find(question: string): { readonly name: string; readonly similarity: number } | undefined;
}

/** Of each question added a fingerprint is kept, not its text. */
export function createNearQuestions(): NearQuestions {
  const sets = createSimilarSets();
  const known: { readonly runs: HashedSet; readonly numbers: string; readonly name: string }[] = [];
  const numbersKnown = new Set<string>();
  return {
    add(question, name) {
      const runs = runsOf(question);
      const numbers = digest(numbersOf(question));
      sets.add(runs);
      known.push({ runs, numbers, name });
      numbersKnown.add(numbers);
    },
    find(question) {
      const numbers = digest(numbersOf(question));
      // Most questions have numbers of their own and are done with here.
      if (!numbersKnown.has(numbers)) return undefined;
      const runs = runsOf(question);
      let best: { readonly name: string; readonly similarity: number } | undefined;
      for (const place of sets.candidates(runs)) {
        const other = at(known, place);
        if (other.numbers !== numbers) continue;
        const found = similarity(runs, other.runs);
        if (found >= nearFrom && found > (best?.similarity ?? 0)) best = { name: other.name, similarity: found };
      }
      return best;
    },
  };
}

/** Short where numbers are many. */
function digest(numbers: string): string {
  return numbers.length > 40 ? questionKey(numbers) : numbers;
}
