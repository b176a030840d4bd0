/** What a data set is: a module of this folder that gives its questions, split into training, validation and test. */
import type { DataSpec } from '../../../workflows/config/data.js';
import type { Comparison } from '../../rewards/compareAnswers.js';
import type { SandboxPool } from '../../rewards/sandbox/pool.js';
import type { FileAccess } from '../files/readFile.js';
import type { QuestionSets } from '../questions.js';

export interface DataRequest extends FileAccess {
  /** The part of the specification that asks for the data set: how many questions, and how answers are written. */
  readonly data: DataSpec;
  readonly seed: number;
  /** What answers are read and compared by. Left out: what follows from the data set's answers. */
  readonly comparison?: Comparison | undefined;
  /** Runs annotated programs that have to be proved right. */
  readonly sandbox: Pick<SandboxPool, 'run'>;
}

/**
 * The same request gives the same questions in the same order.
 *
 * @throws InvalidData when a file is missing or holds no usable row, InvalidSpec when more is asked for than there is;
 *   DownloadFailed or StoreUnavailable when a retry may succeed.
 */
export type DataSet = (request: DataRequest) => Promise<QuestionSets>;
