/** A data set in files, some to train on and some to test on: the user's own, or a published one's. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { CustomSourceSpec } from '../../../workflows/config/data.js';
import { InvalidData, messageOf } from '../../errors.js';
import type { AnswerKind } from '../../rewards/answerFormat.js';
import { type Comparison, defaultComparison } from '../../rewards/compareAnswers.js';
import { createDropped, type Dropped, describeDropped } from '../dropped.js';
import { type Exclusion, readExclusion } from '../exclude.js';
import type { Split } from '../files/fileAccess.js';
import { openDataFile } from '../files/readFile.js';
import { type HeldOut, holdOut } from '../holdOut.js';
import { checkLeakage, type LeakageRule, withoutDuplicates } from '../near/clean.js';
import { provePrograms } from '../provePrograms.js';
import type { Question, QuestionSets } from '../questions.js';
import { notAnAnswer } from '../rows/answerValue.js';
import { rowsWithFields } from '../rows/fields.js';
import { type ReadQuestion, type RowsRequest, readRows } from '../rows/readRows.js';
import { shareOf } from '../splitByHash.js';
import { createSpool, mapped, type Sequence, type Spool } from '../spool.js';
import type { DataFile, Message } from '../types.js';
import type { DataRequest } from './dataSet.js';

/** A source's questions, before any are held out. */
export interface SourceRead {
  readonly annotated: Sequence<Question>;
  readonly tested: Sequence<Question>;
  readonly answers: AnswerKind;
  readonly files: readonly DataFile[];
  /** What the user should look at. */
  readonly warnings: readonly string[];
}

/** What is left out of all sources of a run. */
export interface Leavings {
  readonly dropped: Dropped;
  readonly exclusion: Exclusion;
}

/** The questions of the files, with validation questions taken out of the training files'. */
export async function fromFiles(
  source: CustomSourceSpec,
  request: DataRequest,
  leakage: LeakageRule,
): Promise<QuestionSets> {
  const dropped = createDropped();
  const exclusion = await readExclusion(request.data.exclude, request);
  const read = await readSource(source, request, { dropped, exclusion });
  exclusion.check();
  const divided = divide(read, request, leakage, dropped);
  return {
    ...divided,
    warnings: [...read.warnings, ...divided.warnings],
    answerKind: read.answers,
    files: [...read.files, ...exclusion.files],
    dropped: dropped.byReason,
  };
}

/** @throws InvalidData where there is nothing to train on, or nothing to test on. */
export async function readSource(
  source: CustomSourceSpec,
  request: DataRequest,
  leavings: Leavings,
): Promise<SourceRead> {
  const { dropped } = leavings;
  const trained = await readTrained(source, request, leavings);
  const { kind } = trained;
  const annotated = await proven(trained.questions, kind, request, dropped);
  const isOneFile = typeof source.test === 'number';
  // What of one file cannot be read has been counted.
  const again = isOneFile ? { ...leavings, dropped: createDropped() } : leavings;
  const tested = await readSplit('test', source, kind, request, again);
  if (tested.questions.length === 0) throw nothingUsable('test', dropped, tested.columns);
  if (annotated.length === 0) throw nothingUsable('training', dropped, trained.columns);
  return {
    annotated,
    tested: mapped(tested.questions, ({ question }) => question),
    answers: kind,
    files: [...trained.files, ...(isOneFile ? [] : tested.files)],
    warnings: trained.warnings,
  };
}

/** Looks for leaks and repeats, holds questions out and applies caps. */
export function divide(
  { annotated, tested }: Pick<SourceRead, 'annotated' | 'tested'>,
  { data, seed, questionsOnly }: Pick<DataRequest, 'data' | 'seed' | 'questionsOnly'>,
  leakage: LeakageRule,
  dropped: Dropped,
): HeldOut {
  const distinct = withoutDuplicates(annotated, data.duplicates ?? 'keep', dropped);
  const { questions, warnings } = checkLeakage(distinct, tested, data.leakage ?? leakage, dropped);
  const { train, test, pick } = data;
  const validation = questionsOnly ? 0 : data.validation;
  const sets = holdOut(questions, tested, { seed, train, validation, test, pick }, dropped);
  return { ...sets, warnings: [...warnings, ...sets.warnings] };
}

interface SplitRead {
  readonly questions: Sequence<ReadQuestion>;
  readonly files: readonly DataFile[];
  /** Those of the last file, in words. */
  readonly columns: string;
}

interface TrainedRead extends SplitRead {
  readonly kind: AnswerKind;
  readonly warnings: readonly string[];
}

/**
 * The training split, by what its answers are. Where neither the source nor the reward says what they are, they are numbers; or texts, where
 * most rows have one that is no number and has no digit. (`$18` and `0x10` are numbers that cannot be read, and no texts.)
 */
async function readTrained(
  source: CustomSourceSpec,
  request: DataRequest,
  { dropped, exclusion }: Leavings,
): Promise<TrainedRead> {
  const read = async (kind: AnswerKind) => {
    const apart = createDropped();
    const split = await readSplit('train', source, kind, request, { dropped: apart, exclusion });
    return { split, kind, apart };
  };
  const take = ({ split, kind, apart }: Awaited<ReturnType<typeof read>>, warnings: readonly string[]): TrainedRead => {
    dropped.addAll(apart);
    return { ...split, kind, warnings };
  };
  const first = await read(source.answers ?? 'number');
  const isSaid = source.answers !== undefined || request.comparison !== undefined;
  const unread = first.apart.byReason[notAnAnswer.number];
  if (isSaid || unread === undefined || unread.count <= first.split.questions.length) return take(first, []);
  const texts = await read('text');
  let words = 0;
  for (const { question } of texts.split.questions) if (!/\p{Nd}/u.test(String(question.answerValue))) words += 1;
  const rows = texts.split.questions.length;
  if (2 * words <= rows) return take(first, []);
  return take(texts, [
    `The right answers are taken for texts: those of ${words} of ${rows} training rows have no digit in them (data.source.answers says otherwise).`,
  ]);
}

async function readSplit(
  split: Split,
  source: CustomSourceSpec,
  kind: AnswerKind,
  request: DataRequest,
  { dropped, exclusion }: Leavings,
): Promise<SplitRead> {
  const questions = spoolIn<ReadQuestion>(request);
  const files: DataFile[] = [];
  let columns = '';
  let rowsBefore = 0;
  const rows: Omit<RowsRequest, 'rowsBefore' | 'onProgress'> = {
    split,
    kind,
    comparison: comparisonOf(kind, request),
    format: request.questionsOnly ? undefined : request.data.cot,
    form: source.fields && rowsWithFields(source.fields),
    columns: source.columns,
    refuse: (messages) => refuseConversation(messages, request),
    excludes: exclusion.excludes,
  };
  const share = typeof source.test === 'number' ? source.test : undefined;
  const spec = split === 'test' && typeof source.test !== 'number' ? source.test : source.train;
  for (const obtained of await request.obtain(spec, split)) {
    const opened = await openDataFile(obtained, spec, request.workDirectory);
    const onProgress = (count: number): void => request.onProgress(rowsBefore + count, 0, `rows of ${split} read`);
    const keep = (one: ReadQuestion): void => {
      if (share === undefined || shareOf(one.question.question) < share === (split === 'test')) questions.add(one);
    };
    const read = await readRows(opened, { ...rows, rowsBefore, onProgress }, dropped, keep);
    files.push(read.file);
    columns = read.columns;
    rowsBefore += read.file.rows;
  }
  return { questions: questions.finish(), files, columns };
}

async function proven(
  read: Sequence<ReadQuestion>,
  kind: AnswerKind,
  request: DataRequest,
  dropped: Dropped,
): Promise<Sequence<Question>> {
  const { runPrograms, onProgress } = request;
  const questions = spoolIn<Question>(request);
  const proving = {
    kind,
    comparison: comparisonOf(kind, request),
    runPrograms,
    onProgress: (done: number, total: number) => onProgress(done, total, 'programs proved'),
  };
  await provePrograms(read, proving, dropped, questions.add);
  return questions.finish();
}

function comparisonOf(kind: AnswerKind, { comparison }: DataRequest): Comparison {
  return comparison ?? defaultComparison(kind);
}

function spoolIn<T>({ workDirectory }: Pick<DataRequest, 'workDirectory'>): Spool<T> {
  return createSpool(join(workDirectory, randomUUID()));
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
