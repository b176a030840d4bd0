/** CSV and TSV, quoted as spreadsheets quote them, with the columns' names on the first line. */
import { parse } from 'csv-parse/sync';
import type { FileRow } from './formats.js';
import { decodeText } from './text.js';

/** Every value is text. A row of too few or too many values has a problem instead. */
export function readDelimited(content: Uint8Array, delimiter: ',' | '\t'): FileRow[] {
  const [names = [], ...rows]: string[][] = parse(decodeText(content), {
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  return rows.map((values, index): FileRow => {
    const row = index + 1;
    if (values.length !== names.length)
      return { row, problem: `row has not the ${names.length} columns of the first line` };
    return { row, value: Object.fromEntries(names.map((name, column) => [name.trim(), values[column]])) };
  });
}
