/** How a row of a data set, whatever its form, becomes a question. One file a form in this folder. */

import type { AnswerFormat, AnswerKind } from '../../rewards/answerFormat.js';
import type { Comparison } from '../../rewards/compareAnswers.js';
import type { Question } from '../questions.js';
import type { Message } from '../types.js';

export interface RowRequest {
  readonly kind: AnswerKind;
  /** What answers are read by. */
  readonly comparison: Comparison;
  /** The format in which the row's annotated answer is wanted; absent for a test set, whose annotations are left out. */
  readonly annotation?: AnswerFormat;
  /** The question's id where the row brings none. */
  readonly id: string;
  /** Why a conversation cannot be put to the model; null where it can. */
  readonly refuse: (messages: readonly Message[]) => string | null;
}

/** A row that cannot be used has a problem, the reason under which it is counted. */
export type RowReading = { readonly question: Question } | { readonly problem: string; readonly id?: string };

export type Row = Readonly<Record<string, unknown>>;

export interface RowForm {
  /** What to call such rows in messages. */
  readonly name: string;
  /** Columns that rows must have somewhere in a file, by the field of the specification that names each. */
  readonly needs?: (annotation: AnswerFormat | undefined) => Readonly<Record<string, string>>;
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

/**
 * A field by its name, or where there is none of that name by its parts: `extra.answer` is `answer` in `extra`, `messages.0` the first of a
 * list, `messages.-1` its last. `messages[0]` is another way to write it.
 */
export function fieldOf(row: Row, name: string): unknown {
  if (Object.hasOwn(row, name)) return row[name];
  return partOf(row, name.replace(/\[(-?\d+)\]/g, '.$1').split('.'));
}

function partOf(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return value;
  if (Array.isArray(value)) return /^-?\d+$/.test(first) ? partOf(value.at(Number(first)), rest) : undefined;
  return isRow(value) && Object.hasOwn(value, first) ? partOf(value[first], rest) : undefined;
}
