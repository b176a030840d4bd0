/**
 * Published data sets, read from the folder of data sets. Names of files are as their authors publish them; each lies in its data
 * set's folder, and the ReFT paper's may also lie beside each other, as in its repository's `data` folder.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidData } from '../../errors.js';
import type { AnswerFormat } from '../../rewards/answerFormat.js';
import type { DataSet } from './dataSet.js';
import { fromFiles } from './files.js';
import { answersOf, type DataSetName } from './names.js';

/** A data set and the files it may be in, relative to the folder of data sets: of each list the first that is there is taken. */
export interface PublishedSet {
  readonly name: DataSetName;
  readonly train: Readonly<Record<AnswerFormat, readonly string[]>>;
  readonly test: readonly string[];
}

/** Where a file of the ReFT paper may lie. */
export function paperFiles(set: DataSetName, part: 'python_sdp' | 'nl' | 'test_set'): readonly string[] {
  return [`${set}/${set}_${part}.json`, `${set}_${part}.json`];
}

/** The data set of the files that are there. */
export function publishedSet(set: PublishedSet): DataSet {
  return async (request) => {
    const files = await findFiles(set, request.data.cot, request.directory);
    return fromFiles({ ...files, answers: answersOf(set.name) }, request);
  };
}

/** @throws InvalidData naming the folder and every file looked for, when none of them is there. */
async function findFiles(
  { name, train, test }: PublishedSet,
  format: AnswerFormat,
  directory: string | undefined,
): Promise<Readonly<Record<'train' | 'test', string>>> {
  const find = async (what: string, files: readonly string[], hint = ''): Promise<string> => {
    const looked = files.join(', ');
    if (directory === undefined)
      throw new InvalidData(`REFT_DATA_DIR is not set: it must name the folder that holds ${looked}`);
    const found = await firstPresent(directory, files);
    if (found === undefined)
      throw new InvalidData(`${name} has no ${what} in ${directory} (REFT_DATA_DIR): looked for ${looked}${hint}`);
    return found;
  };
  const other = format === 'program' ? 'natural' : 'program';
  const otherwise = directory && (await firstPresent(directory, train[other]));
  const hint = otherwise ? `; with data.cot ${other}, ${otherwise} would do` : '';
  return {
    train: await find(
      `training file with ${format === 'program' ? 'programs' : 'chains of thought in words'}`,
      train[format],
      hint,
    ),
    test: await find('test file', test),
  };
}

async function firstPresent(directory: string, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const found = await stat(join(directory, file)).catch(() => null);
    if (found?.isFile()) return file;
  }
  return undefined;
}
