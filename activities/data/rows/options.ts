/** The options of a multiple-choice row, one by one, where a row names the right one by its place. */
import { parseForeignJson } from '../../foreignJson.js';
import { textOf } from './rowForm.js';

/** `a ) `, `(b) `, `C. `, `d: ` before an option. */
const label = /^\s*\(?([A-Za-z])\s*[).:]\s*/;
/** The same where options stand in one text, behind a comma, a semicolon or a line break. */
const labelWithin = /(?:^|[,;\n])[^\S\n]*\(?[A-Za-z]\s*\)\s*/;

/**
 * Options without their labels: of a list, of JSON text of one, of a text that labels them (`a ) 10 , b ) 12`) or has each on a
 * line of its own. Null where they cannot be told apart.
 */
export function listOptions(options: unknown): readonly string[] | null {
  const listed = typeof options === 'string' ? cut(options.trim()) : options;
  if (!Array.isArray(listed) || listed.length < 2) return null;
  const texts = listed.flatMap((one) => textOf(one) ?? []);
  if (texts.length < listed.length) return null;
  const isLabelled = texts.every((text, index) => label.exec(text)?.[1]?.toLowerCase() === letterAt(index));
  return isLabelled ? texts.map((text) => text.replace(label, '')) : texts;
}

function cut(text: string): unknown {
  if (text.startsWith('[')) {
    const read = parseForeignJson(text);
    return 'value' in read ? read.value : null;
  }
  const [before, ...options] = text.split(labelWithin);
  return before === '' && options.length > 1 ? options : text.split(/\n+/);
}

/** The place of the option that an index names, whose first is `from`; null where there is none. */
export function placeOf(index: string, from: 0 | 1, options: readonly string[]): number | null {
  const place = /^\d+(?:\.0+)?$/.test(index) ? Number(index) - from : -1;
  return place >= 0 && place < options.length ? place : null;
}

/** Options as MathQA has them below a question: `a ) 10 , b ) 12`. */
export function labelled(options: readonly string[]): string {
  return options.map((option, index) => `${letterAt(index)} ) ${option}`).join(' , ');
}

export function letterAt(place: number): string {
  return String.fromCodePoint(97 + place);
}
