/** The file formats that rows are read from, by the ending of a file's name. */
import { extname } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { FileFormat } from '../../../workflows/config/data.js';

/** A row of a file, counted from 1. One that the file's format cannot be read at has a problem instead of a value. */
export type FileRow =
  | { readonly row: number; readonly value: unknown }
  | { readonly row: number; readonly problem: string };

/** @throws Error telling what is wrong where nothing of the file can be read. */
type Reader = (content: Uint8Array) => readonly FileRow[] | Promise<readonly FileRow[]>;

export const readers: Readonly<Record<FileFormat, Reader>> = {
  json: readJson,
  jsonl: readJsonLines,
  csv: (content) => readDelimited(content, ','),
  tsv: (content) => readDelimited(content, '\t'),
  parquet: readParquet,
};

const endings: Readonly<Record<string, FileFormat>> = {
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};

/** The format that a file's name ends in; undefined where it tells none. */
export function formatOf(name: string): FileFormat | undefined {
  return endings[extname(name).toLowerCase()];
}

/** A JSON array of rows. @throws Error when the file is no JSON array. */
function readJson(content: Uint8Array): FileRow[] {
  const rows: unknown = JSON.parse(decodeText(content));
  if (!Array.isArray(rows)) throw new Error('it holds no JSON array');
  return rows.map((value: unknown, index) => ({ row: index + 1, value }));
}

/** JSON Lines. Blank lines are no rows, but are counted, so that a row's number is its line's. */
function readJsonLines(content: Uint8Array): FileRow[] {
  return decodeText(content)
    .split('\n')
    .flatMap((line, index): FileRow[] => (line.trim() === '' ? [] : [readLine(line, index + 1)]));
}

function readLine(line: string, row: number): FileRow {
  try {
    return { row, value: JSON.parse(line) };
  } catch {
    return { row, problem: 'line is not JSON' };
  }
}

/**
 * CSV and TSV, quoted as spreadsheets quote them, with the columns' names on the first line. Every value is text. A row of too
 * few or too many values has a problem instead.
 */
function readDelimited(content: Uint8Array, delimiter: ',' | '\t'): FileRow[] {
  const lines: string[][] = parse(decodeText(content), { delimiter, relax_column_count: true, skip_empty_lines: true });
  const [names, ...rows] = lines;
  if (names === undefined) return [];
  return rows.map((values, index): FileRow => {
    const row = index + 1;
    if (values.length !== names.length)
      return { row, problem: `row has not the ${names.length} columns of the first line` };
    return { row, value: Object.fromEntries(names.map((name, column) => [name.trim(), values[column]])) };
  });
}

/** Parquet, as Hugging Face publishes data sets: all of its compressions, nested and list columns included. */
async function readParquet(content: Uint8Array): Promise<FileRow[]> {
  const file = content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors });
  return rows.map((value, index) => ({ row: index + 1, value }));
}

/** UTF-8, without a byte-order mark. Damaged text is refused rather than trained on. */
function decodeText(content: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(content);
}
