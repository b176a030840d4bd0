/** What a data set is: a module of this folder that gives its questions, split into training, validation and test. */
import type { DataFileSpec, DataSpec } from '../../../workflows/config/data.js';
import type { Comparison } from '../../rewards/compareAnswers.js';
import type { ObtainedFile, Split } from '../files/fileAccess.js';
import type { Chat } from '../format.js';
import type { ProvingRequest } from '../provePrograms.js';
import type { QuestionSets } from '../questions.js';

export interface DataRequest {
  /** The part of the specification that asks for the data set: how many questions, and how answers are written. */
  readonly data: DataSpec;
  readonly seed: number;
  /** Of training rows only questions and right answers are wanted, and none are held out: their chains of thought are still to be made. */
  readonly questionsOnly?: boolean | undefined;
  /** What answers are read and compared by. Left out: what follows from the data set's answers. */
  readonly comparison?: Comparison | undefined;
  /** The folder of published data sets, from `REFT_DATA_DIR`. */
  readonly directory: string | undefined;
  /** Brings what a specification names to this machine: a file, or several that are one after another. */
  readonly obtain: (file: DataFileSpec, split: Split) => Promise<readonly ObtainedFile[]>;
  /** Runs annotated programs that have to be proved right. */
  readonly runPrograms: ProvingRequest['runPrograms'];
  /** Questions are kept here while they are worked on. The caller removes it. */
  readonly workDirectory: string;
  /** The model's chat template, where prompts are made by it. */
  readonly chat?: Chat | undefined;
  readonly onProgress: (done: number, total: number, unit: string) => void;
}

/**
 * The same request gives the same questions in the same order.
 *
 * @throws InvalidData when a file is missing or holds no usable row, InvalidSpec when more is asked for than there is;
 *   DownloadFailed or StoreUnavailable when a retry may succeed.
 */
export type DataSet = (request: DataRequest) => Promise<QuestionSets>;
