/** The ground truth as data sets write it. */
import type { AnswerKind } from '../../rewards/answerFormat.js';
import type { Comparison } from '../../rewards/compareAnswers.js';
import { readAnswer } from '../../rewards/extractAnswer.js';
import { textOf } from './rowForm.js';

/**
 * What the answers of a data set are: a finite number, read as answers of the model are; an option's letter in lower case, quotes,
 * brackets and stops dropped; or the text as it stands. Null when what is written is none.
 */
export function readAnswerValue(written: string, kind: AnswerKind, comparison: Comparison): number | string | null {
  if (kind === 'number') return readNumber(written, comparison);
  return kind === 'choice' ? readLetter(written) : written.trim() || null;
}

/** A value as it is written in the rows: a number that is no text is written with the comparison's decimal mark. */
export function writtenValue(value: unknown, comparison: Comparison): string | null {
  const text = textOf(value);
  const isComma = comparison.name === 'numeric' && comparison.decimalMark === 'comma';
  return typeof value === 'number' && isComma && text !== null ? text.replace('.', ',') : text;
}

/** What is the matter with a value that `readAnswerValue` refuses. */
export const notAnAnswer: Readonly<Record<AnswerKind, string>> = {
  number: 'answer is not a number',
  choice: 'answer is not an option letter',
  text: 'answer is empty',
};

function readNumber(written: string, comparison: Comparison): number | null {
  const value = readAnswer(written, comparison);
  return typeof value === 'number' ? value : null;
}

function readLetter(written: string): string | null {
  const letter = written.toLowerCase().replace(/["'().\s]/g, '');
  return /^\p{L}$/u.test(letter) ? letter : null;
}
