/** Fills training, validation and test sets with problems made one after another. */
import { setImmediate } from 'node:timers/promises';
import { InvalidSpec } from '../../errors.js';
import type { Question } from '../questions.js';
import { type Split, splitOf } from './splits.js';

/** One problem of a stream. */
export interface Candidate {
  /** What problems must not share between sets (`splits.ts`). */
  readonly canonicalForm: string;
  readonly question: string;
  readonly answerValue: number;
  /** Writes the annotated answer. */
  readonly annotate: () => string;
}

/** How many questions each set gets. */
export type SetSizes = Readonly<Record<Split, number>>;

export type FilledSets = Readonly<Record<Split, readonly Question[]>>;

/**
 * Draws problems 0, 1, … and gives each to the set its hash names, until all are full. A question that is there already is left out.
 * The sets share no question text and no canonical form. Test questions get no annotated answer.
 *
 * @param name begins the id of each question
 * @throws InvalidSpec when so many are wanted that the stream runs dry.
 */
export async function fillSets(
  name: string,
  sizes: SetSizes,
  draw: (candidate: number) => Candidate,
): Promise<FilledSets> {
  const sets: Record<Split, Question[]> = { train: [], validation: [], test: [] };
  const seen = new Set<string>();
  const splits: readonly Split[] = ['train', 'validation', 'test'];
  // A set of a tenth of the computations needs ten candidates a question; the rest is room for repeats.
  const limit = 1_000 + 50 * Math.max(...Object.values(sizes));
  for (let candidate = 0; splits.some((split) => sets[split].length < sizes[split]); candidate++) {
    if (candidate === limit) {
      const made = splits.map((split) => `${split} ${sets[split].length} of ${sizes[split]}`).join(', ');
      throw new InvalidSpec(`data: the generator has no more new problems (${made}); ask for fewer`);
    }
    // Large sets take seconds; heartbeats must get through meanwhile.
    if (candidate % 1_000 === 0) await setImmediate();
    const { canonicalForm, question, answerValue, annotate } = draw(candidate);
    const split = splitOf(canonicalForm);
    if (sets[split].length === sizes[split] || seen.has(question)) continue;
    seen.add(question);
    const answer = split === 'test' ? {} : { answer: annotate() };
    sets[split].push({ id: `${name}-${candidate}`, question, ...answer, answerValue });
  }
  return sets;
}
