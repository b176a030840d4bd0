/**
 * SVAMP (with ASDiv and MAWPS for training) as the ReFT paper publishes it: `svamp/svamp_python_sdp.json` for programs,
 * `svamp/svamp_nl.json` for natural language, `svamp/svamp_test_set.json`.
 */
import type { AnswerFormat } from '../contracts.js';
import { type HoldOutRequest, holdOut } from './holdOut.js';
import { annotatedQuestions, Dropped, readRows, testQuestions } from './publishedRows.js';
import type { QuestionSets } from './questions.js';

const trainingFiles: Readonly<Record<AnswerFormat, string>> = {
  program: 'svamp/svamp_python_sdp.json',
  natural: 'svamp/svamp_nl.json',
};
const testFile = 'svamp/svamp_test_set.json';

export interface SvampRequest extends HoldOutRequest {
  readonly format: AnswerFormat;
  /** The folder of data sets, from `REFT_DATA_DIR`. */
  readonly directory: string | undefined;
}

/** @throws InvalidData when a file is missing or holds no usable row. */
export async function loadSvamp(request: SvampRequest): Promise<QuestionSets> {
  const dropped = new Dropped();
  const trainingRows = await readRows(request.directory, trainingFiles[request.format]);
  const testRows = await readRows(request.directory, testFile);
  const annotated = annotatedQuestions(trainingRows, request.format, dropped);
  const tested = testQuestions(testRows, dropped);
  return { ...holdOut(annotated, tested, request, dropped), answerKind: 'number', dropped: dropped.counts };
}
