/**
 * Python's `float(text)`, to the letter: the published code turns every extracted answer into a number with it, so what it
 * accepts decides between reward 0 and 0.1.
 */
import { required } from '../invariant.js';

/** What Python's `float` takes for white space: JavaScript's `\s` without the byte-order mark, and NEL. */
const isSpace = (character: string): boolean => /(?!\ufeff)[\s\x85]/u.test(character);
const digits = '\\d(?:_?\\d)*';
const decimal = new RegExp(`^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:e[+-]?${digits})?$`, 'i');
const special = /^([+-]?)(nan|inf|infinity)$/i;

/** What Python's `str.strip` removes: the same, and the separators U+001C to U+001F. */
const isStrippable = (character: string): boolean =>
  isSpace(character) || (character >= '\u001c' && character <= '\u001f');

/** Python's `text.strip()`. */
export function pythonStrip(text: string): string {
  return without(isStrippable, text);
}

/** A text without what surrounds it. A pattern that ends in `$` would try each run of blanks within, and take the square of its length. */
function without(isTaken: (character: string) => boolean, text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isTaken(text.charAt(from))) from++;
  while (from < to && isTaken(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

/**
 * The number Python's `float` reads in a text, or null where it raises ValueError.
 *
 * It takes decimal digits of any script, single underscores between digits, exponents, surrounding white space, `nan`, `inf`
 * and `infinity`; it refuses fractions, units, currency signs, thousands commas, hexadecimal and the Unicode minus.
 */
export function pythonFloat(text: string): number | null {
  const stripped = asciiDigits(without(isSpace, text));
  const named = special.exec(stripped);
  if (named) {
    if (named[2]?.toLowerCase() === 'nan') return Number.NaN;
    return named[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return decimal.test(stripped) ? Number(stripped.replaceAll('_', '')) : null;
}

/** Decimal digits of any script as 0 to 9. Unicode encodes each script's ten in order, in runs of whole tens. */
function asciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = required(digit.codePointAt(0), 'the code of a digit');
    let start = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
    return String((code - start) % 10);
  });
}
