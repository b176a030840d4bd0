/** The questions a specification names: generated ones, a published data set, or files of the user's own. */
import type { CustomSourceSpec, DataSpec } from '../../workflows/config/data.js';
import type { SandboxPool } from '../rewards/sandbox/pool.js';
import { createDropped } from './dropped.js';
import { type FileAccess, readDataFile } from './files/readFile.js';
import { generateQuestions } from './generated.js';
import { holdOut } from './holdOut.js';
import { provePrograms } from './provePrograms.js';
import { findPublished } from './publishedSets.js';
import type { QuestionSets } from './questions.js';
import { rowsWithFields } from './rows/fields.js';
import { readRows } from './rows/readRows.js';

export interface SourceRequest extends FileAccess {
  readonly data: DataSpec;
  readonly seed: number;
  /** Runs annotated programs that have to be proved right. */
  readonly sandbox: Pick<SandboxPool, 'run'>;
}

/**
 * The questions a specification asks for, split into training, validation and test.
 *
 * @throws InvalidData when a file is missing or holds no usable row, InvalidSpec when more is asked for than there is;
 *   DownloadFailed or StoreUnavailable when a retry may succeed.
 */
export async function loadQuestions(request: SourceRequest): Promise<QuestionSets> {
  const { data, seed } = request;
  const { source, cot, validation, largestNumber } = data;
  if (source === 'generated') {
    const counts = { train: data.train ?? 1_000, validation, test: data.test ?? 1_000 };
    return generateQuestions({ seed, format: cot, largestNumber, counts });
  }
  if (typeof source === 'object') return readFiles(source, request);
  return readFiles(await findPublished(source, cot, request.directory), request);
}

async function readFiles(source: CustomSourceSpec, request: SourceRequest): Promise<QuestionSets> {
  const { data, seed, sandbox, signal } = request;
  const dropped = createDropped();
  const rows = {
    kind: source.answers,
    format: data.cot,
    form: source.fields && rowsWithFields(source.fields),
  };
  const trainingFile = await readDataFile(source.train, request);
  const testFile = await readDataFile(source.test, request);
  const read = await readRows(trainingFile, { ...rows, split: 'train' }, dropped);
  const annotated = await provePrograms(read, { kind: source.answers, sandbox, signal }, dropped);
  const { questions: tested } = await readRows(testFile, { ...rows, split: 'test' }, dropped);
  const { train, validation, test } = data;
  return {
    ...holdOut(annotated, tested, { seed, train, validation, test }, dropped),
    answerKind: source.answers,
    files: [trainingFile.file, testFile.file],
    dropped: dropped.byReason,
  };
}
