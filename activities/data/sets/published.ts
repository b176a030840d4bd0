/**
 * Published data sets, read from the folder of data sets. Names of files are as their authors publish them; each lies in its data
 * set's folder, and the ReFT paper's may also lie beside each other, as in its repository's `data` folder.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CustomSourceSpec } from '../../../workflows/config/data.js';
import { InvalidData } from '../../errors.js';
import type { AnswerFormat } from '../../rewards/answerFormat.js';
import type { DataRequest } from './dataSet.js';
import { answersOf, type DataSetName } from './names.js';

/** A data set and the files it may be in, relative to the folder of data sets: of each list the first that is there is taken. */
export interface PublishedSet {
  readonly name: DataSetName;
  readonly train: Readonly<Record<AnswerFormat, readonly string[]>>;
  readonly test: readonly string[];
  /** Files that hold all questions, which their authors have not split: the question's hash does. Taken where no training file is there. */
  readonly whole?: readonly string[];
}

/** Where a file of the ReFT paper may lie. */
export function paperFiles(set: DataSetName, part: 'python_sdp' | 'nl' | 'test_set'): readonly string[] {
  return [`${set}/${set}_${part}.json`, `${set}_${part}.json`];
}

/** The source that a published data set's name stands for, by the files that are there. @throws InvalidData when none are. */
export type PublishedSource = (
  request: Pick<DataRequest, 'data' | 'directory' | 'questionsOnly'>,
) => Promise<CustomSourceSpec>;

export function publishedSet(set: PublishedSet): PublishedSource {
  return async (request) => ({
    ...(await findFiles(set, request.data.cot, request)),
    answers: answersOf(set.name),
  });
}

/** Of a file that its authors have not split, so much is for the test. */
const testShare = 0.2;

/** @throws InvalidData naming the folder and every file looked for, when none of them is there. */
async function findFiles(
  { name, train, test, whole = [] }: PublishedSet,
  format: AnswerFormat,
  { directory, questionsOnly }: Pick<DataRequest, 'directory' | 'questionsOnly'>,
): Promise<Pick<CustomSourceSpec, 'train' | 'test'>> {
  const other = format === 'program' ? 'natural' : 'program';
  // The questions of both are the same.
  const fitting = questionsOnly ? [...train[format], ...train[other]] : train[format];
  const wanted = [...fitting, ...whole];
  const words: Readonly<Record<AnswerFormat, string>> = {
    program: 'programs',
    natural: 'chains of thought in words',
  };
  if (fitting.length === 0)
    throw new InvalidData(`${name} has no ${words[format]}, which data.cot ${format} asks for; ${other} would do`);
  if (directory === undefined)
    throw new InvalidData(`REFT_DATA_DIR is not set: it must name the folder that holds ${wanted.join(', ')}`);
  const missing = (what: string, looked: readonly string[], hint = ''): InvalidData =>
    new InvalidData(`${name} has no ${what} in ${directory} (REFT_DATA_DIR): looked for ${looked.join(', ')}${hint}`);
  const found = await firstPresent(directory, fitting);
  if (found === undefined) {
    const all = await firstPresent(directory, whole);
    if (all !== undefined) return { train: all, test: testShare };
    const otherwise = await firstPresent(directory, train[other]);
    const hint = otherwise ? `; with data.cot ${other}, ${otherwise} would do` : '';
    throw missing(`training file with ${words[format]}`, wanted, hint);
  }
  const tested = await firstPresent(directory, test);
  if (tested === undefined) throw missing('test file', test);
  return { train: found, test: tested };
}

/** The first of the files that is there, relative to the folder. */
export async function firstPresent(directory: string, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const found = await stat(join(directory, file)).catch(() => null);
    if (found?.isFile()) return file;
  }
  return undefined;
}
