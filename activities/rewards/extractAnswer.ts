/**
 * What a model's answer says, as the published code reads it: the text after the marker (N-CoT) or the value of `solution()`
 * (P-CoT), taken as a number or as an option letter.
 */

import type { AnswerKind } from './answerFormat.js';
import { answerMarker } from './answerFormat.js';
import { pythonFloat, pythonStrip } from './pythonFloat.js';
import type { ProgramFailure, ProgramOutcome } from './sandbox/outcome.js';

/**
 * A finite number or, for multiple choice, normalised text. `nan`, `inf` and `-inf` stay text: they are extracted (the published
 * code's `float` takes them), never right, never voted for, and JSON has no other way to carry them.
 */
export type AnswerValue = number | string;

export type Extraction =
  | { readonly value: AnswerValue }
  | { readonly value: null; readonly failure: 'no-marker' | 'not-a-number' | 'empty' | ProgramFailure };

/** The answer of a natural-language chain: what follows its last `Therefore, the answer is: `. */
export function extractFromText(text: string, kind: AnswerKind): Extraction {
  const marker = answerMarker.trimStart();
  const at = text.lastIndexOf(marker);
  if (at < 0) return { value: null, failure: 'no-marker' };
  const stated = text.slice(at + marker.length);
  return kind === 'number' ? numberAnswer(pythonFloat(pythonStrip(stated.replaceAll(',', '')))) : choiceAnswer(stated);
}

/** The answer of a program, from what running it gave. */
export function extractFromProgram(outcome: ProgramOutcome, kind: AnswerKind): Extraction {
  if (!outcome.ok) return { value: null, failure: outcome.failure };
  if (kind === 'choice') return choiceAnswer(outcome.text);
  return numberAnswer(outcome.number === null ? null : pythonFloat(outcome.number));
}

/** An option as it is compared: lower-case, without quotes, without white space around it. */
export function normaliseChoice(text: string): string {
  return pythonStrip(text.toLowerCase().replace(/["']/g, ''));
}

function choiceAnswer(text: string): Extraction {
  const value = normaliseChoice(text);
  return value === '' ? { value: null, failure: 'empty' } : { value };
}

function numberAnswer(value: number | null): Extraction {
  if (value === null) return { value: null, failure: 'not-a-number' };
  if (Number.isFinite(value)) return { value };
  if (Number.isNaN(value)) return { value: 'nan' };
  return { value: value > 0 ? 'inf' : '-inf' };
}
