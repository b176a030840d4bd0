/** Columns of a row that are kept for rewards, as they are: the unit tests of a task, say (`data.source.columns`). */
import type { AskedQuestion } from '../../rewards/samples.js';
import { mostColumnBytes } from '../files/bounds.js';
import { fieldOf, type Row } from './rowForm.js';

type Columns = NonNullable<AskedQuestion['columns']>;

/** The columns by their names. One that the row lacks is null, as in a table. */
export function keepColumns(
  row: Row,
  names: readonly string[],
): { readonly columns: Columns } | { readonly problem: string } {
  const columns = Object.fromEntries(names.map((name) => [name, fieldOf(row, name) ?? null]));
  const json = JSON.stringify(columns, (_, value: unknown) => (typeof value === 'bigint' ? jsonNumber(value) : value));
  if (Buffer.byteLength(json) > mostColumnBytes)
    return { problem: `row has more than ${mostColumnBytes / 2 ** 10} KiB in data.source.columns` };
  return { columns: JSON.parse(json) };
}

/** Parquet's 64-bit integers: JSON's numbers hold them to 2^53, beyond which they are text. */
function jsonNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
