/** What prepared data is: examples, data sets and which questions of one are meant. */
import type { ObjectRef } from '../store/types.js';

/** One line of a data-set object (JSON Lines). Token lists leave nothing to encode later. */
export interface Example {
  readonly id: string;
  readonly question: string;
  /** What the model is given, and its tokens. */
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  /** The annotated chain of thought with its ending (tokens include EOS); absent in a test set. */
  readonly answer?: string;
  readonly answerTokens?: readonly number[];
  /** The ground truth: a number, or a lower-case option letter for multiple choice. */
  readonly answerValue: number | string;
}

export interface DataSetRef extends ObjectRef {
  readonly count: number;
}

export type AnswerFormat = 'program' | 'natural';

/** How answers are compared: numbers within 0.01, or option letters as text. */
export type AnswerKind = 'number' | 'choice';

/** Rows left out for one reason: how many, and the first few by file and row or by id. */
export interface DroppedRows {
  readonly count: number;
  readonly examples: readonly string[];
}

/** A file that questions came from, as it was read. */
export interface DataFile {
  readonly name: string;
  readonly sha256: string;
  readonly rows: number;
}

export interface PreparedData {
  readonly train: DataSetRef;
  /** Held out of the training questions; best checkpoints are chosen on it, never on the test set. */
  readonly validation: DataSetRef;
  readonly test: DataSetRef;
  /** A standard Hugging Face `tokenizer.json`. */
  readonly tokenizer: ObjectRef;
  readonly vocabularySize: number;
  readonly endToken: number;
  readonly padToken: number;
  readonly format: AnswerFormat;
  readonly answerKind: AnswerKind;
  /** Files the questions came from; none for generated ones. */
  readonly files: readonly DataFile[];
  /** Rows that could not be used, by reason. */
  readonly dropped: Readonly<Record<string, DroppedRows>>;
  /** What a pretrained model's tokenizer has beside tokenizer.json (special tokens, chat template), by file name. */
  readonly tokenizerFiles?: Readonly<Record<string, ObjectRef>>;
  readonly longestPrompt: number;
  readonly longestAnswer: number;
}

/** Which questions of a data set an activity works on: positions [from, to) of a shuffled or plain order. */
export type QuestionSelection =
  | { readonly order: 'plain'; readonly from: number; readonly to: number }
  | { readonly order: 'shuffled'; readonly epoch: number; readonly from: number; readonly to: number };

/** The tokenizer a pretrained model brings along. */
export interface PretrainedTokenizer {
  /** Its tokenizer.json, as it is. */
  readonly tokenizer: ObjectRef;
  /** Its other files, by name. */
  readonly otherFiles: Readonly<Record<string, ObjectRef>>;
  readonly vocabularySize: number;
  readonly endToken: number;
  readonly padToken: number;
}
