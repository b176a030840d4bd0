/** The form every data set is brought into: questions with answers as text, before any tokenizer has seen them. */
import type { AnswerKind } from '../rewards/answerFormat.js';
import type { AskedQuestion } from '../rewards/samples.js';
import type { Sequence } from './spool.js';
import type { DataFile, DroppedRows, Message } from './types.js';

export interface Question {
  /** Unique in its data set, and stable: it names the question in samples and reports. */
  readonly id: string;
  readonly question: string;
  /** Of a question that is a conversation: what `question` has as one text. */
  readonly messages?: readonly Message[];
  /** The annotated answer in the run's format (see format.ts), without EOS. Absent in a test set. */
  readonly answer?: string;
  /** The ground truth: a number, a lower-case option letter for multiple choice, or a text; null where rows have none. */
  readonly answerValue: number | string | null;
  /** Further columns of its row, which rewards get (`rows/keptColumns.ts`). */
  readonly columns?: AskedQuestion['columns'];
}

export interface QuestionSets {
  readonly train: Sequence<Question>;
  /** Held out of the training questions. */
  readonly validation: Sequence<Question>;
  readonly test: Sequence<Question>;
  readonly answerKind: AnswerKind;
  /** Files they came from. */
  readonly files: readonly DataFile[];
  /** Rows that could not be used, by reason. */
  readonly dropped: Readonly<Record<string, DroppedRows>>;
  /** What the user should look at; nothing was left out for it. */
  readonly warnings?: readonly string[];
}
