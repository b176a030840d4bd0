/** How answers are written, as far as it takes to read them: the two formats of the ReFT paper. */

/** `program`: the body of a Python function, P-CoT. `natural`: a chain of thought in words, N-CoT. */
export type AnswerFormat = 'program' | 'natural';

/** What the right answers of a data set are: numbers, option letters, or any text. */
export type AnswerKind = 'number' | 'choice' | 'text';

/** Stands before an N-CoT answer's value: the extracted answer is the text after its last occurrence. */
export const answerMarker = '\nTherefore, the answer is: ';

/** A program's first line. It belongs to the prompt, so that a P-CoT answer is the indented body alone. */
export const functionStart = 'def solution():\n';

/** The whole program that a P-CoT answer stands for, ready to run: `solution()` is its value. */
export function programFrom(answer: string): string {
  return functionStart + answer;
}
