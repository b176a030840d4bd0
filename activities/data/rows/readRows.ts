/** From the rows of a file to questions. What cannot be used is counted by reason and named by its file and row. */
import { setImmediate } from 'node:timers/promises';
import type { AnswerFormat, AnswerKind } from '../../rewards/answerFormat.js';
import type { Comparison } from '../../rewards/compareAnswers.js';
import type { Dropped } from '../dropped.js';
import type { ReadFile } from '../files/readFile.js';
import type { Question } from '../questions.js';
import { gsm8kRows } from './gsm8k.js';
import { mathqaRows } from './mathqa.js';
import { paperRows } from './paper.js';
import { isRow, type RowForm, type RowReading } from './rowForm.js';

/** Forms recognised by their fields, in this order: GSM8K's are the least telling. */
const knownForms: readonly RowForm[] = [paperRows, mathqaRows, gsm8kRows];

export interface RowsRequest {
  readonly split: 'train' | 'test';
  readonly kind: AnswerKind;
  readonly comparison: Comparison;
  readonly format: AnswerFormat;
  /** The form of all rows; left out, each is recognised. */
  readonly form?: RowForm | undefined;
}

export interface RowsRead {
  readonly questions: readonly Question[];
  /** Those whose programs have to be run before they are believed, with what to call their rows. */
  readonly unproven: ReadonlyMap<Question, string>;
}

/** Rows keep the file's order. Lets other work through now and then. */
export async function readRows({ file, rows }: ReadFile, request: RowsRequest, dropped: Dropped): Promise<RowsRead> {
  const { split, kind, comparison, format } = request;
  const wanted = { kind, comparison, ...(split === 'train' ? { annotation: format } : {}) };
  const questions: Question[] = [];
  const unproven = new Map<Question, string>();
  for (const line of rows) {
    if (line.row % 1_000 === 0) await setImmediate();
    const place = `${file.name} row ${line.row}`;
    if ('problem' in line) {
      dropped.add(line.problem, place);
      continue;
    }
    const form = request.form ?? recogniseForm(line.value);
    const reading =
      isRow(line.value) && form ? form.read(line.value, { ...wanted, id: `${split}-${line.row}` }) : ofNoForm;
    if ('problem' in reading) {
      dropped.add(reading.problem, reading.id === undefined ? place : `${place}: ${reading.id}`);
      continue;
    }
    questions.push(reading.question);
    if (form?.provesPrograms && split === 'train' && format === 'program') unproven.set(reading.question, place);
  }
  return { questions, unproven };
}

const ofNoForm: RowReading = { problem: `row is none of ${knownForms.map(({ name }) => name).join(', ')}` };

function recogniseForm(row: unknown): RowForm | undefined {
  return isRow(row) ? knownForms.find((form) => form.recognises(row)) : undefined;
}
