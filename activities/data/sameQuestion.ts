/**
 * When two questions are the same: as texts, whatever their case, spacing and the marks of their sentences. Operators and signs
 * count: `5-3` is not `5+3`, and `-7` is not `7`.
 */
import { createHash } from 'node:crypto';

/** Marks that sentences and quotations are written with. Any other mark, and one of these in another place, is part of what is asked. */
const sentenceMarks = new RegExp(
  [
    '[?,;"“”„«»…¿¡。，、？！；：]',
    // A point stands for decimals before a digit.
    '\\.(?![0-9])',
    // A colon between numbers is a ratio.
    '(?<![0-9]\\s*):|:(?!\\s*[0-9])',
    // Right behind a number, a name of one letter or a bracket it is a factorial.
    '(?<!\\p{N}|[)\\]}]|(?<![\\p{L}\\p{N}])\\p{L})!(?!=)',
    // Behind a name of one letter it is a derivative or a foot.
    "(?<!\\p{N}|(?<![\\p{L}\\p{N}])\\p{L}|['’])['’‘`]|['’‘`](?=\\p{L})",
    // Between words of several letters it joins them.
    '(?<=\\p{L}{2})[-‐‑](?=\\p{L}{2})',
  ].join('|'),
  'gu',
);
const spaceAroundMarks = / ?([^\p{L}\p{M}\p{N} ]) ?/gu;

/** Equal for questions that are the same. */
export function questionKey(text: string): string {
  return digestOf(plainQuestion(text));
}

/** A question as it is compared: in lower case, without the marks of its sentences and spaces around others. */
export function plainQuestion(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll('−', '-')
    .replace(sentenceMarks, ' ')
    .replace(/\s+/gu, ' ')
    .replace(spaceAroundMarks, '$1')
    .trim();
}

/** Equal for questions of the same words and numbers, whatever marks stand among them: they are worth a look. */
export function looseQuestionKey(text: string): string {
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
  return digestOf(words);
}

/** A million keys are to fit into memory, so they are short, and long enough that no two texts share one. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}
