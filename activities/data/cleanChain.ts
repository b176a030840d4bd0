/**
 * Published chains of thought in words, cleaned for training on and checked: GSM8K's, MathQA's rationales. A chain is kept if what it comes
 * to is the annotated answer. Rationales of MathQA are written by people, tokenised, and end in all ways: `answer : c`, `option c`, `c`.
 */
import { optionNumber, readOptions } from './rows/mathqaOptions.js';

/** What a row asks, and what is right. */
export interface ChainRow {
  /** With its options on the last line, where it is multiple choice. */
  readonly question: string;
  readonly answerValue: number | string;
}

/** The clean chain, or why it is left out. */
export function cleanChain(written: string, row: ChainRow): { readonly chain: string } | { readonly problem: string } {
  const { chain, letter } = cutStatement(spaced(written));
  if (!/\p{L}|\d/u.test(chain)) return { problem: 'chain of thought has no steps' };
  const { answerValue } = row;
  if (typeof answerValue === 'number')
    return endsIn(chain, answerValue) ? { chain } : { problem: 'chain of thought comes to another number' };
  if (letter !== null) return letter === answerValue ? { chain } : { problem: 'chain of thought names another option' };
  const right = readOptions(row.question.slice(row.question.lastIndexOf('\n') + 1))?.byLetter.get(answerValue);
  const value = right === undefined ? null : optionNumber(right);
  if (value === null) return { problem: 'chain of thought names no option' };
  return endsIn(chain, value)
    ? { chain }
    : { problem: 'chain of thought names no option, and comes to another number' };
}

const opening = /^(?:explanation|explanatory answer|solution|sol|ans|answer)\s*[:.-]+\s*/;

/** Without the quotes and the word that rationales begin with, and without the spaces that tokenising left. */
function spaced(written: string): string {
  return written
    .trim()
    .replace(/^"+|"+$/g, '')
    .trim()
    .replace(opening, '')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ([,;?!])(?= |$)/gm, '$1')
    .replace(/(\p{L}|\d|\)|%) \.(?= \p{L}| ?$)/gmu, '$1.')
    .replace(/(\p{L}) ' (s|t|re|ll|d|m|ve)\b/gu, "$1'$2")
    .replace(/\( /g, '(')
    .replace(/ \)/g, ')')
    .trim();
}

/** Names of an option at the end of a rationale, each with what leads to it. */
const statements: readonly RegExp[] = [
  /[\s,.;]*(?:\b(?:so|hence|thus|therefore|and|then)\b[\s,:]*)*(?:\b(?:the|our|my|required|correct|right|final|imo)\b[\s,:]*)*\b(?:answer|ans|option|choice|solution)\b(?:[\s:=.,('"–-]|\b(?:is|was|must|be|would|should|option|choice|the|correct|letter|answer|i)\b)*\b([a-e])\b(?![\s)]*[-+*/=^\d])[^\p{L}\d]*$/u,
  /[\s,.;]*\(?\b([a-e])\b\)?\s*(?:is|as)?\s*(?:the)?\s*(?:correct|right)?\s*(?:answer|option|choice)\b[^\p{L}\d]*$/u,
  /(?<=[\d.;:)%\p{L}])\s*(?:=\s*>\s*)?\(?\b([a-e])\b\)?[\s.]*$/u,
];

/** In characters. */
const longestStatement = 200;

/** `… = 56 . the answer is ( c )` without its end, and the letter; null where no option is named. */
function cutStatement(text: string): { readonly chain: string; readonly letter: string | null } {
  const from = Math.max(0, text.length - longestStatement);
  const end = text.slice(from);
  for (const statement of statements) {
    const found = statement.exec(end);
    if (found?.[1] !== undefined) return { chain: text.slice(0, from + found.index).trim(), letter: found[1] };
  }
  const whole = /^\(?([a-e])\)?[\s.]*$/.exec(text)?.[1];
  return whole === undefined ? { chain: text, letter: null } : { chain: '', letter: whole };
}

/** So many of a chain's last numbers are looked at: behind the answer may stand what it was taken from. */
const lastNumbers = 3;
/** What people round to. */
const tolerance = 0.005;

function endsIn(chain: string, value: number): boolean {
  const numbers = (chain.match(/\d[\d,]*(?:\.\d+)?|\.\d+/g) ?? []).map((text) => Number(text.replaceAll(',', '')));
  return numbers
    .slice(-lastNumbers)
    .some((number) => Math.abs(number - Math.abs(value)) <= tolerance * Math.max(1, Math.abs(value)));
}
