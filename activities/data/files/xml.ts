/** Rows of XML, as ASDiv is published: each `Problem` is a row, of its attributes and of what its elements hold. */
import { SaxesParser } from 'saxes';
import { mostRowBytes, rowTooLarge } from './bounds.js';
import type { FileRow } from './fileRow.js';
import { piecesOf } from './lines.js';

/** The element that is a row. */
const rowElement = 'Problem';

/**
 * Texts of elements inside elements are joined. No entity is read but those of XML itself, so a document cannot grow while it is read.
 * @throws Error where the document is not well-formed, or what a row holds too large.
 */
export function* readXml(path: string): Generator<FileRow> {
  const parser = new SaxesParser();
  const finished: FileRow[] = [];
  let row: Record<string, string> | null = null;
  let field: string | null = null;
  let count = 0;
  parser.on('opentag', ({ name, attributes }) => {
    if (name === rowElement) row = { ...attributes };
    else if (row !== null && field === null) {
      field = name;
      row[name] = '';
    }
  });
  parser.on('text', (text) => {
    if (row !== null && field !== null) row[field] += text;
  });
  parser.on('closetag', ({ name }) => {
    if (name === field) field = null;
    if (name !== rowElement || row === null) return;
    count += 1;
    finished.push({ row: count, value: row });
    row = null;
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let withoutRow = 0;
  for (const piece of piecesOf(path)) {
    parser.write(decoder.decode(piece, { stream: true }));
    withoutRow = finished.length > 0 ? 0 : withoutRow + piece.length;
    if (withoutRow > mostRowBytes) throw new Error(row === null ? `it has no ${rowElement} elements` : rowTooLarge);
    yield* finished.splice(0);
  }
  parser.write(decoder.decode()).close();
  yield* finished.splice(0);
}
