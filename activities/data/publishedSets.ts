/**
 * The published data sets a run can name, and the files they are read from. Names are as their authors publish them; each lies
 * in its data set's folder, and the ReFT paper's may also lie beside each other, as in its repository's `data` folder.
 *
 * MathQA's own files serve both of its forms. Multiple choice invites reward hacking: a wrong chain of thought that ends on a
 * lucky letter earns as much as a right one. The paper reports it and shows that the numeric form does not have it.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidData } from '../errors.js';
import type { AnswerFormat, AnswerKind } from '../rewards/answerFormat.js';

export type PublishedName = 'svamp' | 'gsm8k' | 'mathqa' | 'mathqa-numeric';

interface PublishedSet {
  readonly answers: AnswerKind;
  /** The first of them that is there is taken. */
  readonly train: Readonly<Record<AnswerFormat, readonly string[]>>;
  readonly test: readonly string[];
}

const ofPaper = (set: PublishedName, part: string): readonly string[] => [
  `${set}/${set}_${part}.json`,
  `${set}_${part}.json`,
];
const mathqaTraining = ['mathqa/train.json', 'mathqa/dev.json'];
const mathqaTest = ['mathqa/test.json'];

const publishedSets: Readonly<Record<PublishedName, PublishedSet>> = {
  svamp: {
    answers: 'number',
    train: { program: ofPaper('svamp', 'python_sdp'), natural: ofPaper('svamp', 'nl') },
    test: ofPaper('svamp', 'test_set'),
  },
  gsm8k: {
    answers: 'number',
    train: { program: ofPaper('gsm8k', 'python_sdp'), natural: [...ofPaper('gsm8k', 'nl'), 'gsm8k/train.jsonl'] },
    test: [...ofPaper('gsm8k', 'test_set'), 'gsm8k/test.jsonl'],
  },
  mathqa: {
    answers: 'choice',
    train: {
      program: [...ofPaper('mathqa', 'python_sdp'), ...mathqaTraining],
      natural: [...ofPaper('mathqa', 'nl'), ...mathqaTraining],
    },
    test: [...ofPaper('mathqa', 'test_set'), ...mathqaTest],
  },
  'mathqa-numeric': {
    answers: 'number',
    train: {
      program: [...ofPaper('mathqa-numeric', 'python_sdp'), ...mathqaTraining],
      natural: [...ofPaper('mathqa-numeric', 'nl'), ...mathqaTraining],
    },
    test: [...ofPaper('mathqa-numeric', 'test_set'), ...mathqaTest],
  },
};

export interface PublishedFiles {
  readonly answers: AnswerKind;
  /** Relative to the folder of data sets. */
  readonly train: string;
  readonly test: string;
}

/**
 * Which of a data set's files are there.
 *
 * @throws InvalidData naming the folder and every file looked for, when none of them is there.
 */
export async function findPublished(
  name: PublishedName,
  format: AnswerFormat,
  directory: string | undefined,
): Promise<PublishedFiles> {
  const { answers, train, test } = publishedSets[name];
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
    answers,
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
