/** The questions of data sets and files, loaded on this machine as a run would load them: what the commands of `reft data` work on. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { obtainFiles } from '../../activities/data/files/obtainFile.js';
import type { QuestionSets } from '../../activities/data/questions.js';
import { loadQuestions } from '../../activities/data/sets/index.js';
import { dataSetNames, isMade } from '../../activities/data/sets/names.js';
import { InvalidData, InvalidSpec } from '../../activities/errors.js';
import { hubFromEnvironment, openHub } from '../../activities/pretrained/hub.js';
import { type DataSpec, dataSchema } from '../../workflows/config/data.js';
import { explainIssues } from '../../workflows/config/explain.js';
import { openSandbox } from '../openSandbox.js';
import { workDirectory } from '../settings.js';
import { UsageError } from './usageError.js';

export interface DataOptions {
  readonly cot?: string;
  readonly answers?: string;
  readonly seed?: string;
  readonly test?: string;
  readonly validation?: string;
  readonly rows?: string;
  readonly leakage?: string;
  readonly duplicates?: string;
}

/** Questions made on the spot, where nothing says how many. */
const madeQuestions = 1_000;
/** Of a file alone, so much is for the test. */
const testShare = 0.1;

/**
 * The part `data` of a specification that the arguments stand for.
 * @param named data sets by name, or files; several are a mixture, each with `=weight` where it has one
 * @throws UsageError naming the argument and what is allowed
 */
export function dataSpecOf(named: readonly string[], options: DataOptions): DataSpec {
  const parts = named.map((argument) => {
    const [, name = argument, weight] = /^(.+?)(?:=([\d.]+))?$/.exec(argument) ?? [];
    return { source: sourceOf(name, options), ...(weight === undefined ? {} : { weight: Number(weight) }) };
  });
  const [first] = parts;
  const source = parts.length === 1 && first?.weight === undefined ? first?.source : parts;
  const made = isMade(source) ? { train: madeQuestions, test: madeQuestions } : {};
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  const given = {
    ...made,
    source,
    cot: options.cot,
    validation: number(options.validation) ?? 1,
    train: number(options.rows) ?? made.train,
    ...(options.rows === undefined ? {} : { pick: 'random' }),
    leakage: options.leakage,
    duplicates: options.duplicates,
  };
  const parsed = dataSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new UsageError(explainIssues(dataSchema, parsed.error, given).join('\n'));
}

function sourceOf(name: string, { answers, test }: DataOptions): unknown {
  const names: readonly string[] = dataSetNames;
  if (names.includes(name)) return name;
  const isElsewhere = /^(?:hf:|https?:)/.test(name);
  if (!isElsewhere && !existsSync(name))
    throw new UsageError(
      `${name} is neither a data set (${names.join(', ')}) nor a file (there is nothing at ${resolve(name)}), hf:org/name or https://… (with =weight in a mixture)`,
    );
  const share = test === undefined ? testShare : Number(test);
  return { train: isElsewhere ? name : resolve(name), test: share, ...(answers === undefined ? {} : { answers }) };
}

/** Loads what is asked for and hands it on; its questions lie on the disk until `use` is done. */
export async function withDataSets<T>(
  data: DataSpec,
  seed: number,
  use: (sets: QuestionSets) => Promise<T> | T,
): Promise<T> {
  await mkdir(workDirectory, { recursive: true });
  const directory = await mkdtemp(join(workDirectory, 'data-'));
  const sandbox = openSandbox();
  const { signal } = new AbortController();
  const hub = hubFromEnvironment(process.env);
  const store = {
    bucket: '',
    saveTo: () =>
      Promise.reject(
        new UsageError('reft data reads files, hf: and https://; what lies in the storage only runs read'),
      ),
  };
  const dataDirectory = process.env.REFT_DATA_DIR;
  try {
    const sets = await loadQuestions({
      data,
      seed,
      directory: dataDirectory,
      workDirectory: directory,
      obtain: (file, split) => {
        const named = typeof file === 'string' ? file : file.from;
        // A path that was typed is the user's own to read, wherever it lies.
        if (named.startsWith('/')) return Promise.resolve([{ name: named, path: named }]);
        return obtainFiles(file, split, {
          directory: dataDirectory,
          store,
          openHub: (repository, revision) => openHub('dataset', repository, revision, hub),
          workDirectory: directory,
          signal,
        });
      },
      runPrograms: (programs) => sandbox.run(programs, {}),
      onProgress: () => undefined,
    });
    return await use(sets);
  } catch (error) {
    if (error instanceof InvalidData || error instanceof InvalidSpec) throw new UsageError(error.message);
    throw error;
  } finally {
    await Promise.all([sandbox.close(), rm(directory, { recursive: true })]);
  }
}
