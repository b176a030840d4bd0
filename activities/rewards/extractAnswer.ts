/**
 * What a model's answer says: where it is stated (`statedAnswers.ts`), or the value of `solution()`, read as a number, an option
 * letter or a text (`compareAnswers.ts`). As long as nothing else is said, this is the published code's reading.
 */

import type { AnswerKind } from './answerFormat.js';
import { type AnswerValue, type Comparison, defaultComparison } from './compareAnswers.js';
import { normaliseChoice, normaliseText, withoutEmphasis } from './normalise.js';
import { pythonFloat, pythonStrip } from './pythonFloat.js';
import { readNumber } from './readNumber.js';
import { normaliseLatex } from './sameLatex.js';
import { outcomeTextLimit, type ProgramFailure, type ProgramOutcome } from './sandbox/outcome.js';
import { nothingStated, type StatedExtraction, statedAnswers } from './statedAnswers.js';

export type Extraction =
  | { readonly value: AnswerValue }
  | {
      readonly value: null;
      readonly failure:
        | (typeof nothingStated)[StatedExtraction]
        | (typeof unreadable)[Comparison['name']]
        | ProgramFailure;
    };

const unreadable = { numeric: 'not-a-number', choice: 'empty', exact: 'empty', text: 'empty', latex: 'empty' } as const;

/** The answer that a text states: of the places where it may, the first that can be read. */
export function extractFromText(
  text: string,
  kind: AnswerKind,
  {
    extraction = 'marker',
    comparison = defaultComparison(kind),
  }: {
    readonly extraction?: StatedExtraction | undefined;
    readonly comparison?: Comparison | undefined;
  } = {},
): Extraction {
  const reading =
    extraction === 'boxed' && comparison.name === 'numeric' ? { ...comparison, fractions: true } : comparison;
  const stated = statedAnswers(text, extraction, comparison);
  for (const one of stated) {
    const value = readAnswer(one, reading);
    if (value !== null) return { value };
  }
  return { value: null, failure: stated.length === 0 ? nothingStated[extraction] : unreadable[comparison.name] };
}

/** The answer of a program, from what running it gave. */
export function extractFromProgram(
  outcome: ProgramOutcome,
  kind: AnswerKind,
  comparison: Comparison = defaultComparison(kind),
): Extraction {
  if (!outcome.ok) return { value: null, failure: outcome.failure };
  const value =
    comparison.name === 'numeric' && outcome.number !== null
      ? storable(pythonFloat(outcome.number))
      : readOutcomeText(outcome.text, comparison);
  return value === null ? { value, failure: unreadable[comparison.name] } : { value };
}

/** The text of a number may be cut, of a huge integer for one: what is left of it is another number. */
function readOutcomeText(text: string, comparison: Comparison): AnswerValue | null {
  return comparison.name === 'numeric' && text.length >= outcomeTextLimit ? null : readAnswer(text, comparison);
}

/** A text as answers of its comparison are kept; null where it says nothing. */
export function readAnswer(written: string, comparison: Comparison): AnswerValue | null {
  switch (comparison.name) {
    case 'numeric':
      return storable(readNumber(written, comparison));
    case 'choice':
      return normaliseChoice(withoutEmphasis(written)) || null;
    case 'exact':
      return pythonStrip(written) || null;
    case 'text':
      return normaliseText(written) || null;
    case 'latex':
      return normaliseLatex(written) || null;
  }
}

function storable(value: number | null): AnswerValue | null {
  if (value === null || Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}
