/** A data set in files, some to train on and some to test on: the user's own, or a published one's. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { CustomSourceSpec } from '../../../workflows/config/data.js';
import { InvalidData, messageOf } from '../../errors.js';
import { type Comparison, defaultComparison } from '../../rewards/compareAnswers.js';
import { createDropped, type Dropped, describeDropped } from '../dropped.js';
import { type Exclusion, readExclusion } from '../exclude.js';
import { openDataFile } from '../files/readFile.js';
import { holdOut } from '../holdOut.js';
import { provePrograms } from '../provePrograms.js';
import type { Question, QuestionSets } from '../questions.js';
import { rowsWithFields } from '../rows/fields.js';
import { type ReadQuestion, type RowsRequest, readRows } from '../rows/readRows.js';
import { createSpool, type Sequence, type Spool } from '../spool.js';
import type { DataFile, Message } from '../types.js';
import type { DataRequest } from './dataSet.js';

/** The questions of the files, with validation questions taken out of the training files'. */
export async function fromFiles(source: CustomSourceSpec, request: DataRequest): Promise<QuestionSets> {
  const { data, seed } = request;
  const dropped = createDropped();
  const exclusion = await readExclusion(data.exclude, request);
  const trained = await readSplit('train', source, request, { dropped, exclusion });
  const annotated = await proven(trained.questions, source, request, dropped);
  const tested = await readSplit('test', source, request, { dropped, exclusion });
  exclusion.check();
  if (tested.questions.length === 0) throw nothingUsable('test', dropped, tested.columns);
  if (annotated.length === 0) throw nothingUsable('training', dropped, trained.columns);
  const test = mapped(tested.questions, ({ question }) => question);
  const caps = { seed, train: data.train, validation: data.validation, test: data.test };
  return {
    ...holdOut(annotated, test, caps, dropped),
    answerKind: source.answers,
    files: [...trained.files, ...tested.files, ...exclusion.files],
    dropped: dropped.byReason,
  };
}

interface SplitRead {
  readonly questions: Sequence<ReadQuestion>;
  readonly files: readonly DataFile[];
  /** Those of the last file, in words. */
  readonly columns: string;
}

async function readSplit(
  split: 'train' | 'test',
  source: CustomSourceSpec,
  request: DataRequest,
  { dropped, exclusion }: { readonly dropped: Dropped; readonly exclusion: Exclusion },
): Promise<SplitRead> {
  const questions = spoolIn<ReadQuestion>(request);
  const files: DataFile[] = [];
  let columns = '';
  let rowsBefore = 0;
  const rows: Omit<RowsRequest, 'rowsBefore' | 'onProgress'> = {
    split,
    kind: source.answers,
    comparison: comparisonOf(source, request),
    format: request.data.cot,
    form: source.fields && rowsWithFields(source.fields),
    refuse: (messages) => refuseConversation(messages, request),
    excludes: exclusion.excludes,
  };
  const spec = source[split];
  for (const obtained of await request.obtain(spec, split)) {
    const opened = await openDataFile(obtained, spec, request.workDirectory);
    const onProgress = (count: number): void => request.onProgress(rowsBefore + count, 0, `rows of ${split} read`);
    const read = await readRows(opened, { ...rows, rowsBefore, onProgress }, dropped, questions.add);
    files.push(read.file);
    columns = read.columns;
    rowsBefore += read.file.rows;
  }
  return { questions: questions.finish(), files, columns };
}

async function proven(
  read: Sequence<ReadQuestion>,
  source: CustomSourceSpec,
  request: DataRequest,
  dropped: Dropped,
): Promise<Sequence<Question>> {
  const { runPrograms, onProgress } = request;
  const questions = spoolIn<Question>(request);
  const proving = {
    kind: source.answers,
    comparison: comparisonOf(source, request),
    runPrograms,
    onProgress: (done: number, total: number) => onProgress(done, total, 'programs proved'),
  };
  await provePrograms(read, proving, dropped, questions.add);
  return questions.finish();
}

function comparisonOf({ answers }: CustomSourceSpec, { comparison }: DataRequest): Comparison {
  return comparison ?? defaultComparison(answers);
}

function spoolIn<T>({ workDirectory }: Pick<DataRequest, 'workDirectory'>): Spool<T> {
  return createSpool(join(workDirectory, randomUUID()));
}

function mapped<T, U>(items: Sequence<T>, change: (item: T) => U): Sequence<U> {
  return {
    length: items.length,
    *[Symbol.iterator]() {
      for (const item of items) yield change(item);
    },
  };
}

/** Templates differ in the conversations that they take: some know no system message, some want turns to alternate. */
function refuseConversation(messages: readonly Message[], { chat }: DataRequest): string | null {
  if (chat === undefined) {
    const isQuestion = messages.length === 1 && messages[0]?.role === 'user';
    return isQuestion ? null : 'a conversation of several messages needs data.promptFormat chat';
  }
  try {
    chat(messages);
    return null;
  } catch (error) {
    return `the chat template refuses the conversation: ${messageOf(error)}`;
  }
}

function nothingUsable(set: string, dropped: Dropped, columns: string): InvalidData {
  return new InvalidData(`the ${set} set has no usable row: ${describeDropped(dropped)}; columns found: ${columns}`);
}
