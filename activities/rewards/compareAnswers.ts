/** When two answers are the same: numbers within 0.01, option letters as text. */
import { type AnswerValue, normaliseChoice } from './extractAnswer.js';

/** Largest difference between numbers that count as equal, the paper's for all its data sets. */
export const tolerance = 0.01;

/** Whether an extracted answer equals another, or the annotated one. A number never equals a text. */
export function sameAnswer(a: AnswerValue, b: AnswerValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= tolerance;
  return typeof a === 'string' && typeof b === 'string' && normaliseChoice(a) === normaliseChoice(b);
}

/**
 * Whether an extracted answer may win a vote or a reranking: a finite number, or one option letter. The published evaluation
 * drops other texts of multiple-choice answers, though training rewards them with 0.1.
 */
export function isEligible(value: AnswerValue | null): value is AnswerValue {
  return typeof value === 'number' || (typeof value === 'string' && /^\p{L}$/u.test(value));
}
