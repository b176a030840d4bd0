/** Rows of JSON: an array of them, or a row a line. A row that is not JSON is one row less, not a file less. */
import { changeParts, parseForeignJson } from '../../foreignJson.js';
import { mostDepth, mostRowBytes } from './bounds.js';
import type { FileRow } from './fileRow.js';
import { linesOf, piecesOf, readText } from './lines.js';

/** JSON Lines. Blank lines are no rows, but are counted, so that a row's number is its line's. */
export function* readJsonLines(path: string): Generator<FileRow> {
  for (const { number, bytes } of linesOf(path)) {
    const read = readText(bytes);
    if ('problem' in read) yield { row: number, ...read };
    else if (read.text.trim() !== '') yield readValue(read.text, number, 'line');
  }
}

/** A JSON array, cut at the commas between its elements. @throws Error when it breaks off. */
export function* readJsonArray(path: string): Generator<FileRow> {
  const cutter = createElementCutter();
  let row = 0;
  for (const piece of piecesOf(path))
    for (const element of cutter.cut(piece)) {
      row += 1;
      const read = readText(element);
      yield 'problem' in read ? { row, ...read } : readValue(read.text, row, 'row');
    }
  cutter.end();
}

/** Numbers that Python writes and JSON does not have. */
const noNumber = /[[:,\s]-?(NaN|Infinity)\s*[\],}]/;

function readValue(text: string, row: number, what: 'line' | 'row'): FileRow {
  const read = parseForeignJson(withWholeNumbers(text), mostDepth);
  if ('value' in read) return { row, value: read.value };
  const { problem } = read;
  return { row, problem: problem.startsWith(notJson) ? `${what} ${notJson}${whyNot(text)}` : `row ${problem}` };
}

const notJson = 'is not JSON';

/** What a row has that JSON has not, where it can be told. */
function whyNot(text: string): string {
  const [, number] = noNumber.exec(text) ?? [];
  if (number !== undefined) return `, which has no ${number}`;
  let isStray = false;
  const outside = changeParts(
    text,
    (part) => part,
    (quoted) => {
      isStray ||= quoted.length === 1 || !quoted.endsWith('"');
      return '0';
    },
  ).trim();
  // Behind a stray quote nothing can be told.
  if (isStray) return '';
  if (/,\s*[\]}]/.test(outside) || outside.endsWith(',')) return ', which has no comma behind what is last';
  if (/[{[,:]\s*'/.test(outside)) return ', which has texts in double quotes';
  return '';
}

const numbers = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Whole numbers that JavaScript would round become texts: an id or an answer of twenty digits stays what it is. */
function withWholeNumbers(text: string): string {
  if (!/\d{16}/.test(text)) return text;
  return changeParts(text, (outside) =>
    outside.replace(numbers, (part) =>
      /^-?\d{16,}$/.test(part) && !Number.isSafeInteger(Number(part)) ? `"${part}"` : part,
    ),
  );
}

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, comma, lineFeed] = [code('"'), code('\\'), code(','), code('\n')];
const opening = new Set([code('['), code('{')]);
const closing = new Set([code(']'), code('}')]);
const blank = new Set([...' \t\r\n\ufeff'].map(code).concat(0xef, 0xbb, 0xbf));

/**
 * Finds the elements of an array by their brackets, byte by byte. A line break ends a text, as JSON has none inside texts: after
 * a stray quote the next line is read as if it were none, and where the line ended an element, the next element is sound.
 */
function createElementCutter() {
  let depth = 0;
  let inText = false;
  let escaped = false;
  /** Of the element at hand: its bytes so far, and whether a line has ended within a text of it. */
  let begun: Uint8Array[] = [];
  let length = 0;
  let isBroken = false;
  let startedOnLine = false;
  let lastByte = 0;
  let byteBefore = 0;
  let ended = false;

  const take = (part: Uint8Array): void => {
    length += part.length;
    if (length > mostRowBytes) begun = [];
    else begun.push(part);
  };
  const finish = (): Uint8Array | null => {
    const element = length > mostRowBytes ? null : Buffer.concat(begun);
    begun = [];
    length = 0;
    isBroken = false;
    return element;
  };

  function* cut(piece: Uint8Array): Generator<Uint8Array | null> {
    let start = 0;
    for (let place = 0; place < piece.length; place++) {
      const byte = piece[place] ?? 0;
      if (ended) {
        if (!blank.has(byte)) throw new Error('text follows the JSON array');
        continue;
      }
      if (inText) {
        if (byte === lineFeed) {
          inText = false;
          escaped = false;
          isBroken = true;
          const last = lastByte === comma ? byteBefore : lastByte;
          if (startedOnLine && closing.has(last)) {
            take(piece.subarray(start, place));
            yield finish();
            start = place + 1;
            depth = 1;
          }
        } else if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inText = false;
      } else if (byte === quote) inText = true;
      else if (opening.has(byte)) {
        depth += 1;
        if (depth === 1) start = place + 1;
        if (depth === 2) startedOnLine = true;
      } else if (closing.has(byte)) {
        depth -= 1;
        if (depth === 0) {
          take(piece.subarray(start, place));
          if (length > mostRowBytes || begun.some((part) => part.some((each) => !blank.has(each)))) yield finish();
          ended = true;
        }
      } else if (byte === comma && depth === 1) {
        take(piece.subarray(start, place));
        yield finish();
        start = place + 1;
      }
      if (byte === lineFeed) startedOnLine = false;
      else if (!blank.has(byte)) {
        byteBefore = lastByte;
        lastByte = byte;
      }
    }
    if (!ended && depth > 0) take(piece.subarray(start));
  }

  return {
    cut,
    end(): void {
      if (!ended)
        throw new Error(`the JSON array breaks off${isBroken ? ', behind a text that does not end on its line' : ''}`);
    },
  };
}
