/**
 * The text formats of the ReFT paper: what a model is given and what it answers, for natural-language chains of thought
 * (N-CoT) and for programs (P-CoT). Nothing else in the project spells these strings, but for those that answers are read by
 * (`rewards/answerFormat.ts`).
 *
 * A program's first line, and where wanted its docstring, belongs to the prompt, so an answer is the indented body alone and
 * training, sampling and scoring all see the same boundary.
 */
import { type AnswerFormat, answerMarker, functionStart } from '../rewards/answerFormat.js';

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

export interface PromptStyle {
  readonly format: AnswerFormat;
  /** Programs only: repeat the question as the function's docstring, as the paper does. */
  readonly docstring: boolean;
  /** Puts the question as a model's chat template does, instead of in the paper's plain text. */
  readonly chat?: (question: string) => string;
}

/**
 * What the model is given for a question. Plain text ends with a line break, so an answer starts on a line of its own; of a
 * chat the answer is the assistant's turn, which a program's first line opens.
 */
export function promptText(question: string, { format, docstring, chat }: PromptStyle): string {
  const asked = question.trim();
  const prompt = chat ? chat(asked) : questionStart + asked + reasoningStart;
  if (format === 'natural') return prompt;
  return prompt + functionStart + (docstring ? docstringStart + asked + docstringEnd : '');
}

/** The N-CoT answer: the chain, then the value as the data set writes it. */
export function naturalAnswer(chain: string, value: string): string {
  return chain.trim() + answerMarker + value.trim();
}

/**
 * The P-CoT answer in a published program: its body. The docstring goes whatever it says, because some annotations quote the
 * question with other spacing. Null when the text is not one `solution` function that returns something.
 */
export function programBody(program: string): string | null {
  const unified = program.replaceAll('\r\n', '\n').trimEnd();
  const body = /^def solution\(\):\n(?: {4}"""[\s\S]*?"""\n)?( {4}[\s\S]*)$/.exec(unified)?.[1];
  return body !== undefined && /^ +return /m.test(body) && !/^\S/m.test(body) ? body : null;
}
