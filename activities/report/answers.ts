/** A model's answers joined with their questions: the lines of `samples.jsonl`, and those the report shows. */

import type { Example } from '../data/types.js';
import { at } from '../invariant.js';
import type { ScoredSample } from '../rewards/samples.js';

export interface AnsweredQuestion {
  readonly id: string;
  readonly question: string;
  /** The right answer; null where the data have none. */
  readonly truth: number | string | null;
  /** What the model wrote. */
  readonly answer: string;
  /** What was extracted from it; null when nothing could be. */
  readonly value: number | string | null;
  readonly correct: boolean;
  readonly reward: number;
  /** The reward's parts by name, where it has any. */
  readonly parts?: Readonly<Record<string, number>>;
  readonly truncated: boolean;
  /** Why nothing was extracted. */
  readonly failure?: string;
}

/** Drops tokens and log-probabilities, which only training needs. */
export function answeredQuestion(example: Example, sample: ScoredSample): AnsweredQuestion {
  return {
    id: example.id,
    question: example.question,
    truth: example.answerValue,
    answer: sample.text,
    value: sample.value,
    correct: sample.correct,
    reward: sample.reward,
    ...(sample.parts === undefined ? {} : { parts: sample.parts }),
    truncated: sample.truncated,
    ...(sample.failure === undefined ? {} : { failure: sample.failure }),
  };
}

/** `count` of the answers, evenly spread over them: no choice to anyone's taste. */
export function spread<Item>(items: readonly Item[], count: number): Item[] {
  const shown = Math.min(count, items.length);
  return Array.from({ length: shown }, (_, index) => at(items, Math.floor((index * items.length) / shown)));
}
