/** From the rows of a file to questions. What cannot be used is counted by reason and named by its file and row. */
import { InvalidData } from '../../errors.js';
import type { AnswerFormat, AnswerKind } from '../../rewards/answerFormat.js';
import type { Comparison } from '../../rewards/compareAnswers.js';
import type { Dropped } from '../dropped.js';
import type { OpenedFile } from '../files/readFile.js';
import type { Question } from '../questions.js';
import type { DataFile, Message } from '../types.js';
import { type Columns, createColumns } from './columns.js';
import { asdivRows, mawpsRows, svampRows } from './equationRows.js';
import { gsm8kRows } from './gsm8k.js';
import { gsmHardRows } from './gsmHard.js';
import { hendrycksMathRows } from './hendrycksMath.js';
import { keepColumns } from './keptColumns.js';
import { mathqaRows } from './mathqa.js';
import { multipleChoiceRows } from './multipleChoice.js';
import { paperRows } from './paper.js';
import { fieldOf, isRow, type Row, type RowForm, type RowReading, type RowRequest } from './rowForm.js';

/** Forms recognised by their fields, in this order: GSM8K's are the least telling. */
const knownForms: readonly RowForm[] = [
  paperRows,
  mathqaRows,
  mawpsRows,
  asdivRows,
  svampRows,
  gsmHardRows,
  hendrycksMathRows,
  multipleChoiceRows,
  gsm8kRows,
];

export interface RowsRequest {
  readonly split: 'train' | 'test';
  readonly kind: AnswerKind;
  readonly comparison: Comparison;
  /** That of annotated answers; left out, they are not read. */
  readonly format: AnswerFormat | undefined;
  /** The form of all rows; left out, each is recognised. */
  readonly form?: RowForm | undefined;
  /** Further columns to keep for rewards. */
  readonly columns?: readonly string[] | undefined;
  /** Why a conversation cannot be put to the model; null where it can. */
  readonly refuse: (messages: readonly Message[]) => string | null;
  /** Whether a question is left out by its id. */
  readonly excludes: (id: string) => boolean;
  /** Of the files of a split read before this one: rows that bring no id are named by their place among all. */
  readonly rowsBefore: number;
  readonly onProgress: (rows: number) => void;
}

/** A question, and what to call its row where its program has to be run before it is believed. */
export interface ReadQuestion {
  readonly question: Question;
  readonly unproven?: string;
}

export interface RowsRead {
  readonly file: DataFile;
  /** The columns found, in words. */
  readonly columns: string;
}

/**
 * Hands the questions of a file to `keep`, in the file's order.
 * @throws InvalidData when the file cannot be read, or no row has a column that the form needs.
 */
export async function readRows(
  { name, sha256, rows }: OpenedFile,
  request: RowsRequest,
  dropped: Dropped,
  keep: (read: ReadQuestion) => void,
): Promise<RowsRead> {
  const { split, kind, comparison, format, refuse, excludes } = request;
  const annotation = split === 'train' ? format : undefined;
  const wanted = { kind, comparison, refuse, ...(annotation === undefined ? {} : { annotation }) };
  const columns = createColumns();
  const missing = new Set([
    ...Object.entries(request.form?.needs?.(annotation) ?? {}).map(([field, column]) => ({
      column,
      namedBy: `data.source.fields.${field}`,
    })),
    ...(request.columns ?? []).map((column) => ({ column, namedBy: 'data.source.columns' })),
  ]);
  let count = 0;
  for await (const line of rows()) {
    count += 1;
    request.onProgress(count);
    const place = `${name} row ${line.row}`;
    if ('problem' in line) {
      dropped.add(line.problem, place);
      continue;
    }
    const { value } = line;
    if (isRow(value)) {
      columns.add(value);
      strikeFound(missing, value);
    }
    const form = request.form ?? recogniseForm(value);
    const id = `${split}-${request.rowsBefore + line.row}`;
    const reading = isRow(value) && form ? readRow(value, form, { ...wanted, id }, request.columns) : ofNoForm;
    if ('problem' in reading) {
      dropped.add(reading.problem, reading.id === undefined ? place : `${place}: ${reading.id}`);
      continue;
    }
    const { question } = reading;
    if (excludes(question.id)) {
      dropped.add('excluded by data.exclude', `${place}: ${question.id}`);
      continue;
    }
    const isUnproven = form?.provesPrograms && annotation === 'program';
    keep({ question, ...(isUnproven ? { unproven: place } : {}) });
  }
  if (missing.size > 0) throw wrongFields(name, missing, columns);
  return { file: { name, sha256, rows: count }, columns: columns.describe() };
}

/** A row by its form, with the columns that are to be kept. */
function readRow(row: Row, form: RowForm, request: RowRequest, columns: readonly string[] | undefined): RowReading {
  const reading = form.read(row, request);
  if (columns === undefined || 'problem' in reading) return reading;
  const { question } = reading;
  const kept = keepColumns(row, columns);
  return 'problem' in kept ? { ...kept, id: question.id } : { question: { ...question, ...kept } };
}

/** Strikes off the columns that a row has. */
function strikeFound(missing: Set<NeededColumn>, row: Row): void {
  for (const needed of missing) if (fieldOf(row, needed.column) !== undefined) missing.delete(needed);
}

/** A column that a file must have somewhere, and the field of the specification that says so. */
interface NeededColumn {
  readonly column: string;
  readonly namedBy: string;
}

function wrongFields(name: string, missing: ReadonlySet<NeededColumn>, columns: Columns): InvalidData {
  const wrong = [...missing].map(({ column, namedBy }) => `${column} (${namedBy})`).join(', ');
  return new InvalidData(`${name}: no row has the column ${wrong}; columns found: ${columns.describe()}`);
}

const ofNoForm: RowReading = { problem: `row is none of ${knownForms.map(({ name }) => name).join(', ')}` };

function recogniseForm(row: unknown): RowForm | undefined {
  return isRow(row) ? knownForms.find((form) => form.recognises(row)) : undefined;
}
