/**
 * When two answers are the same: the part `comparison` of the reward `answer`, and the rule behind it. Rewards, proofs of annotated
 * programs and votes all ask here, so that they agree.
 */
import { z } from 'zod';
import type { AnswerKind } from './answerFormat.js';
import { normaliseChoice, normaliseText } from './normalise.js';
import { normaliseLatex } from './sameLatex.js';

/**
 * A finite number or, for all that is no number, normalised text. `nan`, `inf` and `-inf` stay text: they are extracted (the
 * published code's `float` takes them), never right, never voted for, and JSON has no other way to carry them.
 */
export type AnswerValue = number | string;

const numeric = z.strictObject({
  name: z
    .literal('numeric')
    .describe('Compares numbers. They are read as Python’s `float` reads them, without thousands commas.'),
  absoluteTolerance: z
    .number()
    .min(0)
    .max(1e9)
    .default(0.01)
    .describe('Numbers that differ by at most so much are the same (paper’s code: 0.01).'),
  relativeTolerance: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('So are numbers that differ by at most this share of the larger one, as in Python’s `math.isclose`.'),
  fractions: z
    .boolean()
    .default(false)
    .describe('Whether `1/2` is read as 0.5, and `1 1/2` as 1.5. A fraction in a `\\boxed{}` always is.'),
  percentages: z
    .enum(['unreadable', 'number', 'share'])
    .default('unreadable')
    .describe('What `18%` is: not to be read, the number 18, or the share 0.18.'),
  currencies: z.boolean().default(false).describe('Whether `$18`, `18 €` and `EUR 18` are read as 18.'),
  decimalMark: z
    .enum(['point', 'comma'])
    .default('point')
    .describe(
      '`comma` reads `3,5` as 3.5 and `3.500` as 3500. With `point`, `3,500` is 3500 and `3,5` cannot be read.',
    ),
});
const choice = z.strictObject({
  name: z
    .literal('choice')
    .describe('Compares option letters, whatever their case and the quotes around them (as the paper’s code does).'),
});
const exact = z.strictObject({
  name: z.literal('exact').describe('Compares texts character by character, without the white space around them.'),
});
const text = z.strictObject({
  name: z
    .literal('text')
    .describe(
      'Compares texts without regard to case, emphasis, quotes around them, a stop at the end and how white space is written.',
    ),
});

const latex = z.strictObject({
  name: z
    .literal('latex')
    .describe(
      'Compares formulas in LaTeX as MATH’s authors and lm-evaluation-harness do: sizes, units, spaces and ways of writing a fraction do not matter.',
    ),
});

export const comparisonSchema = z.discriminatedUnion('name', [numeric, choice, exact, text, latex]);
export type Comparison = z.output<typeof comparisonSchema>;

/** The paper's rule for numbers. */
const numbersOfPaper = numeric.parse({ name: 'numeric' });

/** What answers of a kind are compared by where nothing else is said: the paper's rule for numbers and options. */
const defaults: Readonly<Record<AnswerKind, Comparison>> = {
  number: numbersOfPaper,
  choice: { name: 'choice' },
  text: { name: 'text' },
};

export function defaultComparison(kind: AnswerKind): Comparison {
  return defaults[kind];
}

/**
 * What two answers are compared by: what the reward names, and texts without it as texts. Undefined leaves it to `sameAnswer`, where
 * numbers and options need no word of what they are.
 */
export function comparisonFor(kind: AnswerKind, named: Comparison | undefined): Comparison | undefined {
  return named ?? (kind === 'text' ? defaults.text : undefined);
}

/** The comparisons that fit what a data set's answers are. */
export const comparisonsOf: Readonly<Record<AnswerKind, readonly Comparison['name'][]>> = {
  number: ['numeric'],
  choice: ['choice'],
  text: ['text', 'exact', 'latex'],
};

/**
 * Whether an extracted answer equals another, or the annotated one. A number never equals a text.
 * @param comparison left out where the reward has none of its own: numbers are compared as numbers then, and texts as options
 */
export function sameAnswer(a: AnswerValue, b: AnswerValue, comparison?: Comparison): boolean {
  if (typeof a === 'number' && typeof b === 'number') return isClose(a, b, comparison);
  if (typeof a === 'number' || typeof b === 'number') return false;
  const normalise = comparison === undefined ? normaliseChoice : normalisers[comparison.name];
  return normalise(a) === normalise(b);
}

const normalisers: Readonly<Record<Comparison['name'], (text: string) => string>> = {
  numeric: normaliseChoice,
  choice: normaliseChoice,
  exact: (text) => text,
  text: normaliseText,
  latex: normaliseLatex,
};

/** Python's `math.isclose(a, b, rel_tol=relativeTolerance, abs_tol=absoluteTolerance)` for finite numbers. */
function isClose(a: number, b: number, comparison?: Comparison): boolean {
  const { absoluteTolerance, relativeTolerance } = comparison?.name === 'numeric' ? comparison : numbersOfPaper;
  const difference = Math.abs(a - b);
  return (
    difference <= Math.abs(relativeTolerance * b) ||
    difference <= Math.abs(relativeTolerance * a) ||
    difference <= absoluteTolerance
  );
}

/**
 * Whether an extracted answer may win a vote or a reranking: a finite number, one option letter, or where texts are compared
 * any text. The published evaluation drops other texts of multiple-choice answers, though training rewards them with 0.1.
 */
export function isEligible(value: AnswerValue | null, comparison?: Comparison): value is AnswerValue {
  if (typeof value !== 'string') return value !== null;
  if (comparison !== undefined && comparisonsOf.text.includes(comparison.name)) return value !== '';
  return /^\p{L}$/u.test(value);
}
