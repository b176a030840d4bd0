/** JSON arrays of rows, and JSON Lines: a row on each line. */
import type { FileRow } from './formats.js';
import { decodeText } from './text.js';

/** @throws Error when the file is no JSON array. */
export function readJson(content: Uint8Array): FileRow[] {
  const rows: unknown = JSON.parse(decodeText(content));
  if (!Array.isArray(rows)) throw new Error('it holds no JSON array');
  return rows.map((value: unknown, index) => ({ row: index + 1, value }));
}

/** Blank lines are no rows, but are counted, so that a row's number is its line's. */
export function readJsonLines(content: Uint8Array): FileRow[] {
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
