/** How a row of a data set, whatever its form, becomes a question. One file a form in this folder. */

import type { AnswerFormat, AnswerKind } from '../../rewards/answerFormat.js';
import type { Comparison } from '../../rewards/compareAnswers.js';
import type { Question } from '../questions.js';

export interface RowRequest {
  readonly kind: AnswerKind;
  /** What answers are read by. */
  readonly comparison: Comparison;
  /** The format in which the row's annotated answer is wanted; absent for a test set, whose annotations are left out. */
  readonly annotation?: AnswerFormat;
  /** The question's id where the row brings none. */
  readonly id: string;
}

/** A row that cannot be used has a problem, the reason under which it is counted. */
export type RowReading = { readonly question: Question } | { readonly problem: string; readonly id?: string };

export type Row = Readonly<Record<string, unknown>>;

export interface RowForm {
  /** What to call such rows in messages. */
  readonly name: string;
  /** Whether a row looks as if it were of this form. */
  recognises(row: Row): boolean;
  read(row: Row, request: RowRequest): RowReading;
  /** Set where programs are derived or a stranger's: they are run, and those that do not give the answer are dropped. */
  readonly provesPrograms?: true;
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value that is text or a number as text without space around it; null where it is empty or neither. */
export function textOf(value: unknown): string | null {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : null;
}
