/**
 * The text formats of the ReFT paper: what a model is given and what it answers, for natural-language chains of thought
 * (N-CoT) and for programs (P-CoT). Nothing else in the project spells these strings, but for those that answers are read by
 * (`rewards/answerFormat.ts`).
 *
 * A program's first line, and where wanted its docstring, belongs to the prompt, so an answer is the indented body alone and
 * training, sampling and scoring all see the same boundary.
 */
import { type AnswerFormat, answerMarker, functionStart } from '../rewards/answerFormat.js';
import type { Message } from './types.js';

const questionStart = 'Question:\n';
const reasoningStart = '\nAnswer reasoning:\n';
const docstringStart = '    """';
const docstringEnd = '"""\n';
const returnLine = '\n    return result';

/** Pieces that nearly every text of a format repeats. A tokenizer makes each a single token, longest match first. */
export const templatePieces: readonly string[] = [
  questionStart,
  reasoningStart,
  functionStart + docstringStart,
  functionStart,
  docstringEnd,
  returnLine,
  answerMarker,
];

/**
 * The text that a model's chat template makes of a conversation: up to where the assistant's turn begins, or, where the assistant has
 * spoken last, up to the end of its turn.
 */
export type Chat = (messages: readonly Message[]) => string;

export interface PromptStyle {
  readonly format: AnswerFormat;
  /** Programs only: repeat the question as the function's docstring, as the paper does. */
  readonly docstring: boolean;
  /** Puts the question as a model's chat template does, instead of in the paper's plain text. */
  readonly chat?: Chat;
}

/** What the model is given for a question in plain text. It ends with a line break, so an answer starts on a line of its own. */
export function promptText(question: string, style: Omit<PromptStyle, 'chat'>): string {
  return questionStart + question.trim() + reasoningStart + answerStart(question, style);
}

/** What an answer begins with that the model is given: a program's first line, and where wanted its docstring. */
export function answerStart(question: string, { format, docstring }: Omit<PromptStyle, 'chat'>): string {
  if (format === 'natural') return '';
  return functionStart + (docstring ? docstringStart + question.trim() + docstringEnd : '');
}

/** The N-CoT answer: the chain, then the value as the data set writes it. */
export function naturalAnswer(chain: string, value: string): string {
  return chain.trim() + answerMarker + value.trim();
}
