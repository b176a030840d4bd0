/** Every data set a run can name: one file a set, one line here. */
import type { DataSpec } from '../../workflows/spec/schema.js';
import { generateQuestions } from './generated.js';
import type { QuestionSets } from './questions.js';
import { loadSvamp } from './svamp.js';

export interface SourceRequest {
  readonly data: DataSpec;
  readonly seed: number;
  /** The folder of published data sets, from `REFT_DATA_DIR`. */
  readonly directory: string | undefined;
}

type Source = (request: SourceRequest) => Promise<QuestionSets>;

const sources: Readonly<Record<DataSpec['source'], Source>> = {
  generated: ({ data, seed }) =>
    generateQuestions({
      seed,
      format: data.cot,
      counts: { train: data.train ?? 1_000, validation: data.validation, test: data.test ?? 1_000 },
    }),
  svamp: ({ data, seed, directory }) =>
    loadSvamp({ seed, directory, format: data.cot, train: data.train, validation: data.validation, test: data.test }),
};

/**
 * The questions a specification asks for, split into training, validation and test.
 *
 * @throws InvalidData or InvalidSpec as the source's own file says.
 */
export function loadQuestions(request: SourceRequest): Promise<QuestionSets> {
  return sources[request.data.source](request);
}
