/** A data set in two files, one to train on and one to test on: the user's own, or a published one's. */
import type { CustomSourceSpec } from '../../../workflows/config/data.js';
import { defaultComparison } from '../../rewards/compareAnswers.js';
import { createDropped } from '../dropped.js';
import { readDataFile } from '../files/readFile.js';
import { holdOut } from '../holdOut.js';
import { provePrograms } from '../provePrograms.js';
import type { QuestionSets } from '../questions.js';
import { rowsWithFields } from '../rows/fields.js';
import { readRows } from '../rows/readRows.js';
import type { DataRequest } from './dataSet.js';

/** The questions of both files, with validation questions taken out of the training file's. */
export async function fromFiles(source: CustomSourceSpec, request: DataRequest): Promise<QuestionSets> {
  const { data, seed, sandbox, signal } = request;
  const { comparison = defaultComparison(source.answers) } = request;
  const dropped = createDropped();
  const rows = {
    kind: source.answers,
    comparison,
    format: data.cot,
    form: source.fields && rowsWithFields(source.fields),
  };
  const trainingFile = await readDataFile(source.train, request);
  const testFile = await readDataFile(source.test, request);
  const read = await readRows(trainingFile, { ...rows, split: 'train' }, dropped);
  const annotated = await provePrograms(read, { kind: source.answers, comparison, sandbox, signal }, dropped);
  const { questions: tested } = await readRows(testFile, { ...rows, split: 'test' }, dropped);
  const { train, validation, test } = data;
  return {
    ...holdOut(annotated, tested, { seed, train, validation, test }, dropped),
    answerKind: source.answers,
    files: [trainingFile.file, testFile.file],
    dropped: dropped.byReason,
  };
}
