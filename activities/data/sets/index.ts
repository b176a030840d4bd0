/**
 * The data sets there are. One is added with a module of this folder (`dataSet.ts` says what it must give), its name in `names.ts`
 * and a row here; the specification's `data.source` follows.
 */
import type { CustomSourceSpec } from '../../../workflows/config/data.js';
import type { QuestionSets } from '../questions.js';
import { aqua, multipleChoice } from './choices.js';
import { countdown } from './countdown.js';
import type { DataRequest, DataSet } from './dataSet.js';
import { asdiv, mawps } from './equations.js';
import { fromFiles } from './files.js';
import { generated } from './generated.js';
import { gsm8k } from './gsm8k.js';
import { gsmHard } from './gsmHard.js';
import { math } from './math.js';
import { mathqa, mathqaNumeric } from './mathqa.js';
import { fromMixture } from './mixture.js';
import { isMadeSet, type MadeSetName, type PublishedSetName } from './names.js';
import type { PublishedSource } from './published.js';
import { svamp } from './svamp.js';

const made: Readonly<Record<MadeSetName, DataSet>> = { generated, countdown };

const published: Readonly<Record<PublishedSetName, PublishedSource>> = {
  svamp,
  gsm8k,
  mathqa,
  'mathqa-numeric': mathqaNumeric,
  'gsm-hard': gsmHard,
  mawps,
  asdiv,
  aqua,
  math,
  'multiple-choice': multipleChoice,
};

/** The questions that a specification asks for: those of the data set that it names, of the user's own files, or of a mixture. */
export async function loadQuestions(request: DataRequest): Promise<QuestionSets> {
  const { source } = request.data;
  if (isMadeSet(source)) return made[source](request);
  if (Array.isArray(source)) return fromMixture(source, request, (one) => sourceOf(one, request));
  // Authors' own splits are what results are compared on: their leaks are told, and trained on.
  return fromFiles(await sourceOf(source, request), request, typeof source === 'string' ? 'allow' : 'refuse');
}

async function sourceOf(source: PublishedSetName | CustomSourceSpec, request: DataRequest): Promise<CustomSourceSpec> {
  return typeof source === 'string' ? published[source](request) : source;
}
