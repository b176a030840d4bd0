/** A question whose row annotates an equation: what the row forms of MAWPS, ASDiv and SVAMP have in common. */
import { notAnAnswer, readAnswerValue } from './answerValue.js';
import { equationLines } from './equationLines.js';
import type { RowReading, RowRequest } from './rowForm.js';

export interface EquationRow {
  readonly id: string;
  readonly question: string;
  /** As the row writes it. */
  readonly value: string;
  readonly equation: string | null;
}

export function withEquation(
  { id, question, value, equation }: EquationRow,
  { kind, comparison, annotation }: RowRequest,
): RowReading {
  const answerValue = readAnswerValue(value, kind, comparison);
  if (answerValue === null) return { problem: notAnAnswer[kind], id };
  const asked = { id, question, answerValue };
  if (annotation === undefined) return { question: asked };
  if (annotation === 'natural') return { problem: 'row has an equation and no chain of thought in words', id };
  if (equation === null) return { problem: 'row lacks an equation', id };
  const made = equationLines(question, equation);
  if ('problem' in made) return { ...made, id };
  const answer = [...made.lines, 'return result'].map((line) => `    ${line}`).join('\n');
  return { question: { ...asked, answer } };
}
