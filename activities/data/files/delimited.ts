/**
 * Rows of CSV and TSV, quoted as spreadsheets quote them (RFC 4180), with the columns' names on the first line. Every value is text.
 *
 * Libraries give a file up at its first stray quote. Here a quote inside a value that is not quoted is part of it, and a quoted value
 * that never properly ends costs its line alone: reading goes on at the next.
 */
import { mostRowBytes } from './bounds.js';
import type { FileRow } from './fileRow.js';
import { type Line, linesOf, readText } from './lines.js';

const delimiters = [',', ';', '\t'] as const;
export type Delimiter = (typeof delimiters)[number];

/** Lines that the delimiter is recognised by. */
const sampledLines = 50;

/** @param usual taken where the lines tell no delimiter: files of a single column. */
export function* readDelimited(path: string, usual: Delimiter): Generator<FileRow> {
  const delimiter = recogniseDelimiter(path, usual);
  const records = recordsOf(linesOf(path), delimiter);
  let names: readonly string[] | undefined;
  let row = 0;
  for (const record of records) {
    if (names === undefined) {
      if ('problem' in record) throw new Error(`the first line, which names the columns: ${record.problem}`);
      const isHint = record.values.length <= 2 && /^sep=/i.test(record.values[0] ?? '');
      if (!isHint) names = namesOf(record.values);
      continue;
    }
    row += 1;
    yield 'problem' in record ? { row, ...record } : toRow(row, names, record.values);
  }
}

/** A name that comes again is numbered, `answer` and `answer.1`: the first is what is meant by the name. */
function namesOf(values: readonly string[]): readonly string[] {
  const times = new Map<string, number>();
  return values.map((value) => {
    const name = value.trim();
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    return before === 0 ? name : `${name}.${before}`;
  });
}

function toRow(row: number, names: readonly string[], values: readonly string[]): FileRow {
  if (values.length !== names.length)
    return { row, problem: `row has not the ${names.length} columns of the first line` };
  return { row, value: Object.fromEntries(names.map((name, column) => [name, values[column]])) };
}

/**
 * The delimiter by which the most of the first lines have as many values as the very first, more than one; of equals the one
 * that makes more columns, then the usual one.
 */
function recogniseDelimiter(path: string, usual: Delimiter): Delimiter {
  const lines: Line[] = [];
  for (const line of linesOf(path)) {
    lines.push(line);
    if (lines.length === sampledLines) break;
  }
  const hint = /^\ufeff?sep=(.)\r?$/i.exec(Buffer.from(lines[0]?.bytes ?? []).toString())?.[1];
  const hinted = delimiters.find((delimiter) => delimiter === hint);
  if (hinted !== undefined) return hinted;
  let best = { delimiter: usual, alike: 0, columns: 1 };
  for (const delimiter of [usual, ...delimiters]) {
    const widths = [...recordsOf(lines, delimiter)].map((record) => ('values' in record ? record.values.length : 0));
    const [columns = 0] = widths;
    const alike = widths.filter((width) => width === columns).length;
    if (columns > 1 && (alike > best.alike || (alike === best.alike && columns > best.columns)))
      best = { delimiter, alike, columns };
  }
  return best.delimiter;
}

type CsvRecord = { readonly values: readonly string[] } | { readonly problem: string };

/** Records of the lines, blank lines left out. One of several lines has as many values as the first record of all. */
function* recordsOf(lines: Iterable<Line>, delimiter: Delimiter): Generator<CsvRecord> {
  const source = lines[Symbol.iterator]();
  /** Lines read ahead for a quoted value that did not end, given back to be read as records of their own: the next one last. */
  const ahead: Line[] = [];
  const next = (): Line | undefined => {
    const given = ahead.pop();
    if (given !== undefined) return given;
    const { value, done } = source.next();
    return done ? undefined : value;
  };
  let columns: number | undefined;
  for (let line = next(); line !== undefined; line = next()) {
    const first = readText(line.bytes);
    if ('problem' in first) {
      yield first;
      continue;
    }
    if (first.text.trim() === '') continue;
    let cut = cutLine(first.text, delimiter);
    const taken: Line[] = [];
    while (cut.open !== null && !cut.isStray && cut.open.length <= mostRowBytes) {
      const further = next();
      if (further === undefined) break;
      taken.push(further);
      const read = readText(further.bytes);
      if ('problem' in read) break;
      cut = cutLine(read.text, delimiter, cut);
    }
    const { values } = cut;
    if (cut.open !== null || (taken.length > 0 && columns !== undefined && values.length !== columns)) {
      for (const given of taken.reverse()) ahead.push(given);
      yield { problem: 'a quote of the row is never closed' };
      continue;
    }
    columns ??= values.length;
    yield { values };
  }
}

/** A record as far as its lines have been read. */
interface Cut {
  readonly values: string[];
  /** Of a quoted value that goes on behind the line: its text so far. */
  readonly open: string | null;
  /** Whether that text has a quote that is not doubled: the value was not meant to be quoted. */
  readonly isStray: boolean;
}

/** @param before the record's earlier lines, whose last value goes on here. */
function cutLine(line: string, delimiter: Delimiter, before?: Cut): Cut {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const values = before?.values ?? [];
  let begun = before?.open ?? null;
  for (let place = 0; ; ) {
    if (begun !== null || text[place] === '"') {
      const from = begun === null ? place + 1 : 0;
      const { end, isStray } = quotedEnd(text, from, delimiter);
      if (end === null || (isStray && begun !== null))
        return { values, open: `${begun ?? ''}${line.slice(from)}\n`, isStray };
      values.push(((begun ?? '') + text.slice(from, end)).replaceAll('""', '"'));
      begun = null;
      place = end + 1;
    } else {
      const end = text.indexOf(delimiter, place);
      values.push(end < 0 ? text.slice(place) : text.slice(place, end));
      place = end < 0 ? text.length : end;
    }
    if (place >= text.length) return { values, open: null, isStray: false };
    place += 1;
  }
}

/** Where a quoted value has its closing quote, before a delimiter or the line's end; null where it has none. */
function quotedEnd(
  text: string,
  from: number,
  delimiter: Delimiter,
): { readonly end: number | null; readonly isStray: boolean } {
  let isStray = false;
  for (let place = text.indexOf('"', from); place >= 0; place = text.indexOf('"', place + 1)) {
    const after = text[place + 1];
    if (after === undefined || after === delimiter) return { end: place, isStray };
    if (after === '"') place += 1;
    else isStray = true;
  }
  return { end: null, isStray };
}
