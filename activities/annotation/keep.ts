/** Which of a question's right answers are kept, and whether it needs more. Pure. */
import type { KeepSpec } from '../../workflows/config/annotation.js';
import type { AnswerFormat } from '../rewards/answerFormat.js';
import { equationsOf } from './equations.js';

/** An answer as far as keeping goes by it. */
export interface Judged {
  /** In the order in which they were drawn. */
  readonly sample: number;
  readonly text: string;
  readonly correct: boolean;
  /** Cut off: it would teach not to end, and is never kept. */
  readonly truncated: boolean;
}

export interface Kept<Answer> {
  readonly kept: readonly Answer[];
  /** Right answers that say what an earlier one says. */
  readonly duplicates: number;
}

/** Of one question's answers. */
export function keepAnswers<Answer extends Judged>(
  answers: readonly Answer[],
  keep: KeepSpec,
  format: AnswerFormat,
): Kept<Answer> {
  const seen = new Set<string>();
  const distinct: Answer[] = [];
  let duplicates = 0;
  for (const answer of [...answers].sort((a, b) => a.sample - b.sample)) {
    if (!answer.correct || answer.truncated) continue;
    const key = keep.unique === 'text' ? answer.text.trim() : equationsOf(answer.text, format);
    if (seen.has(key)) duplicates += 1;
    else distinct.push(answer);
    seen.add(key);
  }
  return { kept: chosen(distinct, keep), duplicates };
}

function chosen<Answer extends Judged>(distinct: readonly Answer[], { rule, most }: KeepSpec): readonly Answer[] {
  if (rule === 'all') return distinct.slice(0, most);
  if (rule === 'first') return distinct.slice(0, 1);
  // The sort is stable: of equally short ones the first.
  return [...distinct].sort((a, b) => a.text.length - b.text.length).slice(0, 1);
}

/** Whether another answer to a question is wanted. @param isRetry beyond the samples that every question may have */
export function wantsMore(answers: readonly Judged[], keep: KeepSpec, format: AnswerFormat, isRetry: boolean): boolean {
  const { length } = keepAnswers(answers, keep, format).kept;
  if (isRetry) return length === 0;
  return length < { first: 1, all: keep.most, shortest: Number.POSITIVE_INFINITY }[keep.rule];
}
