/** The ground truth as data sets write it. */
import type { AnswerKind } from '../../rewards/answerFormat.js';

/**
 * A number, thousands commas dropped, or an option's letter in lower case, quotes, brackets and stops dropped; null when the
 * text is neither.
 */
export function readAnswerValue(written: string, kind: AnswerKind): number | string | null {
  return kind === 'number' ? readNumber(written) : readLetter(written);
}

/** What is the matter with a value that `readAnswerValue` refuses. */
export const notAnAnswer: Readonly<Record<AnswerKind, string>> = {
  number: 'answer is not a number',
  choice: 'answer is not an option letter',
};

function readNumber(written: string): number | null {
  const plain = written.replaceAll(',', '').trim();
  const value = Number(plain);
  return plain !== '' && Number.isFinite(value) ? value : null;
}

function readLetter(written: string): string | null {
  const letter = written.toLowerCase().replace(/["'().\s]/g, '');
  return /^\p{L}$/u.test(letter) ? letter : null;
}
