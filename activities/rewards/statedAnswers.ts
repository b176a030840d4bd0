/** Where a text states its answer: the part `extraction` of the reward `answer`. */
import { answerMarker } from './answerFormat.js';
import type { Comparison } from './compareAnswers.js';
import { lastBoxed, plainLatex } from './latex.js';
import { withoutEmphasis } from './normalise.js';

/** `program` stands for the value of `solution()`, which no text states. */
export const extractions = ['marker', 'boxed', 'hashes', 'last-number', 'choice-letter', 'program'] as const;

/** The extractions that look at a text. */
export type StatedExtraction = Exclude<(typeof extractions)[number], 'program'>;

/** Why there is no answer where a text states none. */
export const nothingStated = {
  marker: 'no-marker',
  boxed: 'no-box',
  hashes: 'no-hashes',
  'last-number': 'no-number',
  'choice-letter': 'no-letter',
} as const satisfies Readonly<Record<StatedExtraction, string>>;

type Statements = (text: string, comparison: Comparison) => readonly string[];

/** What a text states as its answer, in the order in which it is to be believed. */
export function statedAnswers(text: string, extraction: StatedExtraction, comparison: Comparison): readonly string[] {
  return finders[extraction](text, comparison);
}

const finders: Readonly<Record<StatedExtraction, Statements>> = {
  marker: (text, comparison) => {
    const marker = answerMarker.trimStart();
    const place = text.lastIndexOf(marker);
    const start = place < 0 ? 0 : place + marker.length;
    return [...(place < 0 ? [] : [text.slice(start)]), ...afterPhrase(text.slice(start), comparison)];
  },

  boxed: (text, comparison) => {
    const latex = lastBoxed(text);
    if (latex === null) return [];
    if (comparison.name === 'exact' || comparison.name === 'latex') return [latex];
    const plain = plainLatex(latex, { units: true });
    if (comparison.name === 'choice') return [loneLetter(plain) ?? plain];
    if (comparison.name === 'text') return [plain];
    return [plain, plainLatex(latex, { units: false })].flatMap((one) => [one, lastSide(one)]);
  },

  hashes: (text) => {
    const place = text.lastIndexOf('####');
    if (place < 0) return [];
    const [line = ''] = text
      .slice(place)
      .replace(/^#+\s*/u, '')
      .split('\n');
    return [line];
  },

  'last-number': (text, comparison) => {
    const last = [...text.matchAll(numberInText)].at(-1);
    if (last === undefined) return [];
    if (comparison.name !== 'numeric') return [last[0]];
    const whole = last[0].replaceAll('−', '-');
    // A sign of currency or percent is no part of a number, unless the comparison asks for it; a stroke is, and the x of 0x10.
    const bare = whole.replace(/\s*[%％\p{Sc}]\s*/gu, '');
    return bare === whole ? [whole] : [whole, bare];
  },

  'choice-letter': (text) => {
    const letter = loneLetter(text) ?? namedLetter(text);
    return letter === null ? [] : [letter];
  },
};

/**
 * What follows `the answer is` where the marker is not written to the letter: other capitals, a line break, marks of emphasis, no
 * colon. A stop ends the sentence. Of multiple choice only a single letter counts, since any text could be read.
 */
function afterPhrase(text: string, { name }: Comparison): readonly string[] {
  const last = [...text.matchAll(/\bthe (?:final |correct )?answer is\b\s*:?/giu)].at(-1);
  if (last === undefined) return [];
  const stated = text
    .slice(last.index + last[0].length)
    .trim()
    .replace(/\.$/, '');
  if (name !== 'choice') return [stated];
  const letter = loneLetter(stated);
  return letter === null ? [] : [letter];
}

/** What stands behind the last `=` of `x = 2 · 3 = 6`. Several equations, `x = 1, y = 2`, stay as they are. */
function lastSide(text: string): string {
  return /=[^=]*[,;]\s*[^\p{Nd}\s][^=]*=/u.test(text) ? text : text.replace(/^.*=/su, '');
}

const sign = '[+−-]';
/**
 * A number with what may belong to it: sign, currency, thousands, exponent, a fraction, percent; or one as code writes it, `0x10`.
 * Parts of a version, `v1.2.3`, are none.
 */
const numberInText = new RegExp(
  [
    String.raw`(?:(?<![\p{L}\p{Nd}).])${sign})?(?:\p{Sc}${sign}?)?(?<![\p{L}\p{Nd}]|\p{Nd}[.,])`,
    String.raw`(?:0[xXbBoO][\p{L}\p{Nd}]+|(?:\p{Nd}+\s+(?=\p{Nd}+\s*[\/⁄]))?`,
    String.raw`(?:\p{Nd}(?:[\p{Nd}.,_]*\p{Nd})?|\.\p{Nd}+|(?=[¼-¾⅐-⅞]))(?:[eE][+-]?\p{Nd}+)?`,
    String.raw`(?:\s*[\/⁄]\s*\p{Nd}(?:[\p{Nd}.,]*\p{Nd})?|\s?[¼-¾⅐-⅞])?(?:\s*[%％\p{Sc}])?)`,
  ].join(''),
  'gu',
);

/** A text that is one letter, in brackets, with a stop or emphasised: `(B)`, `b)`, `**B**`. */
function loneLetter(text: string): string | null {
  return /^[\s([]*([A-Za-z])[\s)\].:]*$/u.exec(withoutEmphasis(text))?.[1] ?? null;
}

const afterWord =
  /\b(?:[Aa]nswer|ANSWER|[Oo]ption|OPTION|[Cc]hoice|CHOICE)\b(?: is| IS)?\s*:?[\s*_`("'[$]*(?:\\boxed\{)?(?:\\text\{)?\(?([A-HJ-Z]|I(?! +\p{L})|[a-z](?! +\p{L}))(?![\p{L}\p{N}'’])/gu;
const inBrackets = /(?:(?<![\p{L}\p{N}])\(|(?<![\p{L}\p{N}(]))([A-Za-z])\)/gu;
/** Capitals that stand alone, but for the words `A` and `I`. */
const alone = /(?<![\p{L}\p{N}'’])(?![AI] +\p{L})([A-Z])(?![\p{L}\p{N}'’])/gu;

/** The last letter that a text names: after `answer`, `option` or `choice`, else in brackets, else a capital that stands alone. */
function namedLetter(text: string): string | null {
  for (const pattern of [afterWord, inBrackets, alone]) {
    const last = [...text.matchAll(pattern)].at(-1);
    if (last?.[1] !== undefined) return last[1];
  }
  return null;
}
