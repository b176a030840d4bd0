/** MathQA's five options: `a ) 38 , b ) 27.675 , c ) 30 , d ) data inadequate , e ) none of these`, or a Python list of them. */
import { at, required } from '../../invariant.js';
import { shortenBlanks } from './shortenBlanks.js';

export interface Options {
  /** As it stands below a question. */
  readonly text: string;
  readonly byLetter: ReadonlyMap<string, string>;
}

const letters = 'abcde';

/** Null when they are not five, from a to e. */
export function readOptions(written: string): Options | null {
  const list = /^\['(.*)'\]$/.exec(written.trim())?.[1];
  const text = list === undefined ? written.trim() : list.split(/', '|', "|", '|", "/).join(' , ');
  const parts = shortenBlanks(text).split(/(?:^|\s*,\s*)([a-e]) \) /);
  if (parts[0] !== '' || parts.length !== 11) return null;
  const byLetter = new Map<string, string>();
  for (let index = 1; index < parts.length; index += 2) byLetter.set(at(parts, index), at(parts, index + 1).trim());
  return [...byLetter.keys()].join('') === letters ? { text, byLetter } : null;
}

/** A currency or a repeated option letter may stand before the number. */
const before = /^(?:[a-e] \) )?(?:(?:rs|re|s|\$|₹|€|£)\s*\.?\s*)*/;
const number = /^([-−–]?)\s*(\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s*\/\s*(\d+(?:\.\d+)?))?(?![\d.,]*\d)/;
/** What may not follow, for then the number is not the whole of the answer: a ratio, a power, a multiple, a time of day. */
const changing =
  /[:∶π∏√^*=<>]|\b(?:and|to|or|pi|root|x|y|million|billion|thousand|hundred|lakhs?|crores?|dozen|am|pm|less|more|greater)\b|\b[ap] \. m\b/;
const powerOfUnit = /\b(?:[cdkm]?m|ft|feet|inch|inches)\s*[23]\b/g;

/** The number that an option states, whatever its unit: `rs . 1,440` is 1440, `43 square meters` 43, `15 / 8 ohms` 1.875; null for any other. */
export function optionNumber(option: string): number | null {
  const stated = option.toLowerCase().replace(before, '');
  const found = number.exec(stated);
  if (found === null) return null;
  const [whole, minus, numerator, denominator] = found;
  const rest = stated.slice(whole.length);
  if (changing.test(rest) || /\d/.test(rest.replace(powerOfUnit, ''))) return null;
  const value =
    Number(required(numerator, 'the digits of a number').replaceAll(',', '')) /
    (denominator === undefined ? 1 : Number(denominator));
  if (!Number.isFinite(value)) return null;
  return minus ? -value : value;
}

const ratio = /^(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)$/;
const mixed = /^(\d+)\s+(\d+)\s*\/\s*(\d+)(?:\s*[a-z%]+)*$/;
const ofPi = /^(\d+(?:\.\d+)?)\s*(?:π|pi)(?:\s*[a-z]+)*$/;

/** What an option states, as Python: also `2 : 5`, `3 11 / 13 %` and `14 π cm`, which are no plain numbers; null for any other. */
export function optionPython(option: string): string | null {
  const value = optionNumber(option);
  if (value !== null) return String(value);
  const stated = option.toLowerCase().trim();
  const parts = ratio.exec(stated) ?? ofPi.exec(stated) ?? mixed.exec(stated);
  if (parts === null) return null;
  const [first, second, third] = parts.slice(1).map(Number);
  if (third !== undefined) return third === 0 ? null : `${first} + ${second} / ${third}`;
  if (second !== undefined) return second === 0 ? null : `${first} / ${second}`;
  return `${first} * math.pi`;
}
