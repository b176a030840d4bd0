/**
 * Reads data sets in the ReFT paper's published form: a JSON array of `{item_id, question, answer_cot, answer_value}`, the
 * test files without `answer_cot`. Files are taken as they are, whatever their number of rows; a row that cannot be used is
 * counted and left out.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AnswerFormat } from '../contracts.js';
import { InvalidData } from './errors.js';
import { naturalAnswer, programBody } from './format.js';
import type { Question } from './questions.js';

const text = z.string().trim().min(1);
const rowSchema = z.object({
  item_id: text,
  question: text,
  answer_value: z.union([text, z.number().transform(String)]),
});
const annotatedRowSchema = rowSchema.extend({ answer_cot: text });

/** Counts rows left out by reason; keys appear in order of first use. */
export class Dropped {
  readonly counts: Record<string, number> = {};

  add(reason: string): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
  }
}

/**
 * The array in `<directory>/<path>`.
 *
 * @throws InvalidData naming `REFT_DATA_DIR`, the path and what is expected there.
 */
export async function readRows(directory: string | undefined, path: string): Promise<readonly unknown[]> {
  if (directory === undefined)
    throw new InvalidData(`REFT_DATA_DIR is not set: it must name the folder that holds ${path}`);
  const file = join(directory, path);
  const expected = 'expected a JSON array of rows with item_id, question and answer_value';
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new InvalidData(`cannot read ${file} (${code}); REFT_DATA_DIR is ${directory}: ${expected} in its ${path}`);
  }
  let rows: unknown;
  try {
    rows = JSON.parse(content);
  } catch (error) {
    throw new InvalidData(`${file} is not JSON (${error instanceof Error ? error.message : error}): ${expected}`);
  }
  if (!Array.isArray(rows) || rows.length === 0) throw new InvalidData(`${file}: ${expected}, at least one`);
  return rows;
}

/** Training rows with numeric answers, annotated in `format`. */
export function annotatedQuestions(rows: readonly unknown[], format: AnswerFormat, dropped: Dropped): Question[] {
  return rows.flatMap((candidate) => {
    const row = annotatedRowSchema.safeParse(candidate);
    if (!row.success) return drop(dropped, 'row lacks item_id, question, answer_cot or answer_value');
    const { item_id: id, question, answer_cot: annotation, answer_value: value } = row.data;
    const answerValue = parseNumber(value);
    if (answerValue === null) return drop(dropped, 'answer_value is not a number');
    const answer = format === 'natural' ? naturalAnswer(annotation, value) : programBody(annotation);
    if (answer === null) return drop(dropped, 'answer_cot is not a solution() that returns result');
    return [{ id, question, answer, answerValue }];
  });
}

/** Test rows with numeric answers. */
export function testQuestions(rows: readonly unknown[], dropped: Dropped): Question[] {
  return rows.flatMap((candidate) => {
    const row = rowSchema.safeParse(candidate);
    if (!row.success) return drop(dropped, 'test row lacks item_id, question or answer_value');
    const answerValue = parseNumber(row.data.answer_value);
    if (answerValue === null) return drop(dropped, 'test answer_value is not a number');
    return [{ id: row.data.item_id, question: row.data.question, answerValue }];
  });
}

function drop(dropped: Dropped, reason: string): Question[] {
  dropped.add(reason);
  return [];
}

/** A number as the data sets write it, thousands commas dropped; null when it is not one. */
function parseNumber(written: string): number | null {
  const plain = written.replaceAll(',', '').trim();
  const value = Number(plain);
  return plain !== '' && Number.isFinite(value) ? value : null;
}
