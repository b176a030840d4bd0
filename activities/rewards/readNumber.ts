/**
 * The number that an answer states.
 *
 * As it stands this is the published reading: thousands commas dropped, then Python's `float`. Fractions, percentages, currencies
 * and the decimal comma are read where the comparison asks for them.
 */
import { withoutEmphasis } from './normalise.js';
import { pythonFloat, pythonStrip } from './pythonFloat.js';

export interface NumberReading {
  /** Whether `1/2` and `1 1/2` are numbers. */
  readonly fractions: boolean;
  /** What `18%` is: no number, 18, or 0.18. */
  readonly percentages: 'unreadable' | 'number' | 'share';
  /** Whether `$18` and `18 EUR` are 18. */
  readonly currencies: boolean;
  /** What stands before the decimals; the other of the two parts thousands. */
  readonly decimalMark: 'point' | 'comma';
}

/** Characters of a number with a sign of currency, of percent or of a fraction: no more are looked through. */
const longest = 200;

/** The number, which may be NaN or infinite, or null where the text is no number. */
export function readNumber(written: string, reading: NumberReading): number | null {
  return readStated(written, reading) ?? readStated(withoutEmphasis(written), reading);
}

function readStated(written: string, reading: NumberReading): number | null {
  const plain = readPlain(written, reading);
  const stated = pythonStrip(written);
  if (plain !== null || stated.length > longest) return plain;
  const withoutCurrency = reading.currencies ? stripCurrency(stated) : null;
  if (withoutCurrency !== null) return readStated(withoutCurrency, { ...reading, currencies: false });
  const [, percent] = (reading.percentages !== 'unreadable' && /^(.*?)\s*[%％]\.?$/su.exec(stated)) || [];
  if (percent !== undefined) {
    const value = readStated(percent, { ...reading, percentages: 'unreadable' });
    return value !== null && reading.percentages === 'share' ? value / 100 : value;
  }
  return reading.fractions ? readFraction(stated, reading) : null;
}

/** Digits in groups of three, or as in India of two and then three: a group of zeros at the front is a decimal, not a group. */
const groups = (mark: string): string =>
  `(?!0)(?:\\p{Nd}{1,3}(?:${mark}\\p{Nd}{3})+|\\p{Nd}{1,2}(?:${mark}\\p{Nd}{2})+${mark}\\p{Nd}{3})(?!${mark}?\\p{Nd})`;
const byComma = new RegExp(`(?<![\\p{Nd}.,])${groups(',')}`, 'gu');
const byPoint = new RegExp(`(?<![\\p{Nd}.,])${groups('\\.')}`, 'gu');

/**
 * A number without anything around it. A mark that parts no thousands makes it unreadable: `3,5` is not 35, nor is it certain to
 * be 3.5. A comma with no digit behind it is punctuation.
 */
function readPlain(written: string, { decimalMark }: NumberReading): number | null {
  const [grouped, mark, other] = decimalMark === 'point' ? [byComma, ',', '.'] : [byPoint, '.', ','];
  const ungrouped = written.replace(grouped, (digits) => digits.replaceAll(mark, ''));
  if (decimalMark === 'point')
    return /,\p{Nd}/u.test(ungrouped) ? null : pythonFloat(pythonStrip(ungrouped.replaceAll(',', '')));
  const [whole = '', ...rest] = pythonStrip(ungrouped).replace(/[.,]$/u, '').split(other);
  return whole.includes(mark) || rest.length > 1 || rest.some((part) => part.includes(mark))
    ? null
    : pythonFloat([whole, ...rest].join('.'));
}

const symbol = '(?:[A-Z]{0,3}\\p{Sc}|(?:USD|EUR|GBP|JPY|CNY|INR|CHF|CAD|AUD|Rs\\.?))';
const currencyBefore = new RegExp(`^([+-]?)\\s*${symbol}\\s*(.*)$`, 'su');
const currencyAfter = new RegExp(`^(.*\\p{Nd}.*?)\\s*${symbol}\\.?$`, 'su');

/** `$18`, `-$5`, `US$ 18`, `18 €`, `18 EUR` without the currency; null where there is none. */
function stripCurrency(stated: string): string | null {
  const before = currencyBefore.exec(stated);
  if (before) return `${before[1]}${before[2]}`;
  return currencyAfter.exec(stated)?.[1] ?? null;
}

/** `3/4`, `-3 / 4`, `1 1/2`, `½`, `1½`, `1⁄2`; null for anything else, a denominator of 0 included. */
function readFraction(stated: string, reading: NumberReading): number | null {
  const spelled = stated.replace(/[¼-¾⅐-⅞]/gu, (one) => ` ${one.normalize('NFKC')}`).replace('⁄', '/');
  const parts = /^\s*([+-]?)\s*(?:(\p{Nd}+)\s+)?([\p{Nd}.,]+)\s*\/\s*([\p{Nd}.,]+?)\.?$/u.exec(spelled);
  if (!parts) return null;
  const [whole, numerator, denominator] = [parts[2] ?? '0', parts[3], parts[4]].map((part) =>
    readPlain(String(part), reading),
  );
  if (whole == null || numerator == null || !denominator) return null;
  const value = whole + numerator / denominator;
  return parts[1] === '-' ? -value : value;
}
