/**
 * The data sets there are. One is added with a module of this folder (`dataSet.ts` says what it must give), its name in `names.ts`
 * and a row here; the specification's `data.source` follows.
 */
import type { QuestionSets } from '../questions.js';
import { countdown } from './countdown.js';
import type { DataRequest, DataSet } from './dataSet.js';
import { fromFiles } from './files.js';
import { generated } from './generated.js';
import { gsm8k } from './gsm8k.js';
import { mathqa, mathqaNumeric } from './mathqa.js';
import type { DataSetName } from './names.js';
import { svamp } from './svamp.js';

const dataSets: Readonly<Record<DataSetName, DataSet>> = {
  generated,
  countdown,
  svamp,
  gsm8k,
  mathqa,
  'mathqa-numeric': mathqaNumeric,
};

/** The questions that a specification asks for: those of the data set that it names, or of the user's own files. */
export function loadQuestions(request: DataRequest): Promise<QuestionSets> {
  const { source } = request.data;
  return typeof source === 'object' ? fromFiles(source, request) : dataSets[source](request);
}
