/**
 * Published annotations as chains of thought: GSM8K's calculator notes, MathQA's formulas and the equations of SVAMP, ASDiv and MAWPS as
 * programs, GSM8K's chains and MathQA's rationales as words.
 *
 * The reading is that of the data sets (`rows/`): programs are run, and kept where they give the annotated answer; words are cleaned, and
 * kept where they come to it (`cleanChain.ts`). Kept rows are written in the form of the ReFT paper's files, which `data.source` reads again.
 */
import { join } from 'node:path';
import { InvalidData } from '../errors.js';
import { type AnswerFormat, type AnswerKind, answerMarker } from '../rewards/answerFormat.js';
import { defaultComparison } from '../rewards/compareAnswers.js';
import { cleanChain } from './cleanChain.js';
import { createDropped } from './dropped.js';
import type { ObtainedFile } from './files/fileAccess.js';
import { openDataFile } from './files/readFile.js';
import { answerStart } from './format.js';
import { type ProvingRequest, provePrograms } from './provePrograms.js';
import type { Question } from './questions.js';
import { type ReadQuestion, readRows } from './rows/readRows.js';
import { createSpool, writeLines } from './spool.js';

export interface ConversionRequest {
  readonly file: ObtainedFile;
  readonly answers: AnswerKind;
  readonly to: AnswerFormat;
  /** Where kept rows are written, as JSON Lines. */
  readonly out: string;
  /** Questions are kept here while they are worked on. The caller removes it. */
  readonly workDirectory: string;
  readonly runPrograms: ProvingRequest['runPrograms'];
  readonly onProgress: (done: number, total: number) => void;
}

export interface Conversion {
  /** Rows of the file, and those of them that were kept. */
  readonly rows: number;
  readonly kept: number;
  /** Rows that were not, by reason, with the first few of each by name. */
  readonly dropped: ReturnType<typeof createDropped>['byReason'];
}

/** @throws InvalidData when the file cannot be read, or no row of it can be used. */
export async function convertFile(request: ConversionRequest): Promise<Conversion> {
  const { file, answers, to, out, workDirectory, runPrograms, onProgress } = request;
  const comparison = defaultComparison(answers);
  const dropped = createDropped();
  const spool = createSpool<ReadQuestion>(join(workDirectory, 'read'));
  const opened = await openDataFile(file, file.path, workDirectory);
  const read = await readRows(
    opened,
    {
      split: 'train',
      kind: answers,
      comparison,
      format: to,
      refuse: () => null,
      excludes: () => false,
      rowsBefore: 0,
      onProgress: () => undefined,
    },
    dropped,
    spool.add,
  );
  const lines = writeLines(out);
  let kept = 0;
  await provePrograms(spool.finish(), { kind: answers, comparison, runPrograms, onProgress }, dropped, (question) => {
    const { id, answer = '', answerValue } = question;
    const clean =
      to === 'program' || answerValue === null
        ? { chain: answer }
        : cleanChain(answer.slice(0, answer.lastIndexOf(answerMarker)), { question: question.question, answerValue });
    if ('problem' in clean) return dropped.add(clean.problem, id);
    lines.write(paperRow({ ...question, answer: clean.chain }, to));
    kept += 1;
  });
  lines.close();
  if (kept === 0) throw new InvalidData(`${file.name}: no row can be converted; columns found: ${read.columns}`);
  return { rows: read.file.rows, kept, dropped: dropped.byReason };
}

/** A question as the ReFT paper's files have it. */
export function paperRow(
  { id, question, answer = '', answerValue }: Question,
  to: AnswerFormat,
): Readonly<Record<string, unknown>> {
  const row = { item_id: id, question, answer_value: String(answerValue) };
  if (to === 'natural') return { ...row, answer_cot: answer };
  // Such a text would end the docstring, or be read as something else in it.
  const docstring = !/"""|\\|"$/.test(question.trim());
  return { ...row, answer_cot: answerStart(question, { format: to, docstring }) + answer };
}
