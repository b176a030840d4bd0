/** A file's lines, one after another: what is held of it in memory is a piece and a line. Runs in a thread that may wait for the disk. */
import { closeSync, openSync, readSync } from 'node:fs';
import { mostRowBytes, rowTooLarge } from './bounds.js';

const pieceBytes = 2 ** 18;
const lineFeed = 0x0a;

/** A line without its line feed, counted from 1; null where it is longer than a row may be. */
export interface Line {
  readonly number: number;
  readonly bytes: Uint8Array | null;
}

/** The file's bytes in pieces, each of them fresh. */
export function* piecesOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(pieceBytes);
      const read = readSync(file, piece);
      if (read === 0) return;
      yield piece.subarray(0, read);
    }
  } finally {
    closeSync(file);
  }
}

/** @param mostBytes of a line; longer ones are passed over. */
export function* linesOf(path: string, mostBytes: number = mostRowBytes): Generator<Line> {
  let begun: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  const take = (part: Uint8Array): void => {
    length += part.length;
    if (length > mostBytes) begun = [];
    else if (part.length > 0) begun.push(part);
  };
  const finish = (): Line => {
    const line = { number, bytes: length > mostBytes ? null : joined(begun) };
    begun = [];
    length = 0;
    number += 1;
    return line;
  };
  for (const piece of piecesOf(path)) {
    let start = 0;
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, start)) {
      take(piece.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    take(piece.subarray(start));
  }
  if (length > 0) yield finish();
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of some bytes, without a byte-order mark, or the problem with them. Damaged text is refused rather than trained on. */
export function readText(bytes: Uint8Array | null): { readonly text: string } | { readonly problem: string } {
  if (bytes === null) return { problem: rowTooLarge };
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { problem: 'text is not UTF-8' };
  }
}
