/**
 * GSM8K's calculator notes, `Natalia sold 48/2 = <<48/2=24>>24 clips in May.`, as the lines of a Python program:
 * `clips_in_may = 48 / 2`.
 *
 * Each note is an assignment. A number that an earlier note has come to is that note's variable, so the steps hang together as in the
 * text; variables are named after the words that follow the number, or stand before the sum. Chains of thought round as people do: a note
 * whose value is its sum rounded says so in the program. What is made of a chain has to be run and compared with its answer before it is
 * trained on.
 */
import { at } from '../../invariant.js';
import { shortenBlanks } from './shortenBlanks.js';
import { evaluate, python, readSum, type Sum, same, tolerance } from './sums.js';
import { type NumberInText, newName, reservedNames } from './variableNames.js';

/** More than any chain of thought has: a row with thousands would take the square of their number. */
const mostNotes = 100;
/** As much of a line as a name is sought in, before a number and behind it. */
const context = 300;

interface Note extends NumberInText {
  readonly sum: Sum;
  /** What the chain says it comes to. */
  readonly value: number;
}

/**
 * Lines, without indentation, of which the last sets `result` to the chain's answer.
 * @returns a text where the chain has no notes, one of them is no sum, or none comes to the answer
 */
export function noteLines(
  question: string,
  chain: string,
  answer: number,
): { readonly lines: readonly string[] } | { readonly problem: string } {
  const notes = readNotes(shortenBlanks(chain));
  if (notes === null) return { problem: 'a calculator note is no sum' };
  if (notes.length === 0) return { problem: 'chain of thought has no calculator notes' };
  if (notes.length > mostNotes) return { problem: `chain of thought has more than ${mostNotes} calculator notes` };
  const lines: string[] = [];
  const known: { readonly name: string; readonly value: number; isUsed: boolean }[] = [];
  const given = numbersIn(question);
  const names = new Set(reservedNames);
  for (const note of notes) {
    // A number that the question gives, too, is meant as the earlier note's once: people use what they have computed.
    const nameOf = (value: number): string | undefined => {
      const isGiven = given.some((number) => same(number, value));
      const earlier = known.findLast((one) => same(one.value, value) && !(isGiven && one.isUsed));
      if (earlier === undefined) return undefined;
      earlier.isUsed = true;
      return earlier.name;
    };
    const name = newName(note, names);
    lines.push(`${name} = ${rounded(python(note.sum, nameOf), evaluate(note.sum), note.value)}`);
    known.push({ name, value: note.value, isUsed: false });
  }
  const last = at(known, -1);
  const found = known.findLast(({ value }) => same(value, answer));
  if (found !== undefined) return { lines: [...lines, `result = ${found.name}`] };
  const whole = rounding(last.value, answer);
  if (whole === undefined) return { problem: 'no calculator note comes to the answer' };
  return { lines: [...lines, `result = ${whole(last.name)}`] };
}

/** A sum that stands in the text without a note: `23 - 13 = 10`. */
const plainSum =
  /(?<![\w.])(?<sum>[($.\d][\d.,$\s()+*/x×÷%−–-]{0,200}?)\s*=\s*\$?(?<value>\d[\d,]*(?:\.\d+)?)(?![\d.]*\s*[-+*/x×÷−–%(])/gu;

/** Null where a note cannot be read. Sums without a note are read where they can be. */
function readNotes(chain: string): readonly Note[] | null {
  const notes: Note[] = [];
  for (const line of chain.split('\n')) {
    const found: { readonly note: Note; readonly place: number }[] = [];
    for (const match of line.matchAll(/<<([^<>]*)>>/g)) {
      const [whole, note = ''] = match;
      const parts = note.split('=');
      const sum = readSum(parts[0] ?? '');
      const value = readSum(parts.at(-1) ?? '');
      if (parts.length < 2 || sum === null || value === null) return null;
      const around = contextOf(line, match.index, match.index + whole.length);
      found.push({ note: { sum, value: evaluate(value), ...around }, place: match.index });
    }
    // Of the same length, so that places stay; what a note states twice is no sum of its own.
    const without = line.replace(/=?\s*\$?<<[^<>]*>>\s*\$?[\d.,]*/g, (note) => '|'.repeat(note.length));
    for (const match of without.matchAll(plainSum)) {
      const { sum: text = '', value = '' } = match.groups ?? {};
      const sum = readSum(text.replaceAll('$', '').replace(/[−–]/gu, '-'));
      if (sum === null || 'value' in sum) continue;
      const start = match.index + match[0].length - value.length;
      const note = {
        sum,
        value: Number(value.replaceAll(',', '')),
        ...contextOf(line, match.index, start),
      };
      found.push({ note, place: match.index });
    }
    notes.push(...found.sort((a, b) => a.place - b.place).map(({ note }) => note));
  }
  return notes;
}

function contextOf(line: string, from: number, to: number): NumberInText {
  return { before: line.slice(Math.max(0, from - context), from), behind: line.slice(to, to + context) };
}

/** Numbers that a question gives, in digits or words. */
function numbersIn(question: string): readonly number[] {
  const digits = (question.match(/\d[\d,]*(?:\.\d+)?/g) ?? []).map((text) => Number(text.replaceAll(',', '')));
  const words = (question.toLowerCase().match(/[a-z]+/g) ?? []).flatMap((word) => numberWords.get(word) ?? []);
  return [...digits, ...words];
}

const numberWords = new Map<string, number>([
  ...'one two three four five six seven eight nine ten eleven twelve'
    .split(' ')
    .map((word, index) => [word, index + 1] as const),
  ['once', 1],
  ['twice', 2],
  ['double', 2],
  ['half', 2],
  ['triple', 3],
  ['third', 3],
  ['quarter', 4],
  ['dozen', 12],
]);

/** An expression whose value people rounded, as Python that rounds the same; as it is where no rounding explains the value. */
function rounded(expression: string, exact: number, stated: number): string {
  if (same(exact, stated)) return expression;
  return rounding(exact, stated)?.(expression) ?? expression;
}

/** How people round one number to the other; undefined where they would not. */
function rounding(exact: number, stated: number): ((expression: string) => string) | undefined {
  if (!Number.isFinite(exact)) return undefined;
  if (Number.isInteger(stated)) {
    if (Math.floor(exact) === stated) return (expression) => `math.floor(${expression})`;
    if (Math.ceil(exact) === stated) return (expression) => `math.ceil(${expression})`;
    return undefined;
  }
  const digits = (String(stated).split('.')[1] ?? '').length;
  if (Math.abs(exact - stated) >= 10 ** -digits) return undefined;
  const scale = 10 ** digits;
  if (Math.abs(Math.round(exact * scale) - stated * scale) < tolerance)
    return (expression) => `round(${expression}, ${digits})`;
  return (expression) => `math.floor((${expression}) * ${scale}) / ${scale}`;
}
