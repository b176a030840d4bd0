/** What prepared data is: examples, data sets and which questions of one are meant. */
import type { AnswerFormat, AnswerKind } from '../rewards/answerFormat.js';
import type { AskedQuestion } from '../rewards/samples.js';
import type { ObjectRef } from '../store/types.js';

/** One message of a conversation. */
export interface Message {
  /** `system`, `user`, `assistant`, or what else the model's chat template knows. */
  readonly role: string;
  readonly content: string;
}

/** One line of a data-set object (JSON Lines). Token lists leave nothing to encode later. */
export interface Example extends AskedQuestion {
  /** Of a question that is a conversation: its messages up to the one that is to be answered. */
  readonly messages?: readonly Message[];
  readonly promptTokens: readonly number[];
  /** Of the annotated answer, EOS included; absent in a test set. */
  readonly answerTokens?: readonly number[];
}

export interface DataSetRef extends ObjectRef {
  readonly count: number;
  /** Of its lines' form (`activities/formats.ts`); absent in the first. */
  readonly version?: number;
}

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
  /** Each ends an answer. The first is the one behind annotated answers. */
  readonly endTokens: readonly number[];
  readonly padToken: number;
  readonly format: AnswerFormat;
  readonly answerKind: AnswerKind;
  /** Files the questions came from; none for generated ones. */
  readonly files: readonly DataFile[];
  /** Rows that could not be used, by reason. */
  readonly dropped: Readonly<Record<string, DroppedRows>>;
  /** What the user should look at; absent where there is nothing. */
  readonly warnings?: readonly string[];
  /** What a pretrained model's tokenizer has beside tokenizer.json (special tokens, chat template), by file name. */
  readonly tokenizerFiles?: Readonly<Record<string, ObjectRef>>;
  readonly longestPrompt: number;
  readonly longestAnswer: number;
}

/** Which questions of a data set an activity works on: positions [from, to) of an order that begins again past its end. */
export type QuestionSelection =
  | { readonly order: 'plain'; readonly from: number; readonly to: number }
  | { readonly order: 'shuffled'; readonly epoch: number; readonly from: number; readonly to: number }
  | {
      /** Of a data set that lies in levels: these one after the other, each shuffled. */
      readonly order: 'by-level';
      readonly epoch: number;
      /** Questions of each. */
      readonly levels: readonly number[];
      readonly from: number;
      readonly to: number;
    };

/** The tokenizer a pretrained model brings along. */
export interface PretrainedTokenizer {
  /** Its tokenizer.json, as it is. */
  readonly tokenizer: ObjectRef;
  /** Its other files, by name. */
  readonly otherFiles: Readonly<Record<string, ObjectRef>>;
  readonly vocabularySize: number;
  readonly endTokens: readonly number[];
  readonly padToken: number;
}
