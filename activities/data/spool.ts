/**
 * Lists that lie in a file: a million questions take disk, not memory. Runs in a thread that may wait for the disk.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { required } from '../invariant.js';
import { linesOf } from './files/lines.js';

const utf8 = new TextDecoder();

/** What is gone through from start to end, any number of times. An array is one. */
export interface Sequence<T> extends Iterable<T> {
  readonly length: number;
}

/** @param isSelected of each item, whether it stays */
export function selected<T>(items: Sequence<T>, isSelected: Uint8Array): Sequence<T> {
  const length = isSelected.reduce((sum, flag) => sum + flag, 0);
  return {
    length,
    *[Symbol.iterator]() {
      for (const [place, item] of numbered(items)) if (isSelected[place] === 1) yield item;
    },
  };
}

/** Items with their places. */
export function* numbered<T>(items: Iterable<T>): Generator<readonly [place: number, item: T]> {
  let place = 0;
  for (const item of items) {
    yield [place, item];
    place += 1;
  }
}

/** Several lists, one behind the other. */
export function joined<T>(lists: readonly Sequence<T>[]): Sequence<T> {
  return {
    length: lists.reduce((sum, { length }) => sum + length, 0),
    *[Symbol.iterator]() {
      for (const list of lists) yield* list;
    },
  };
}

/** What `change` makes of each item, made anew each time the list is gone through. */
export function mapped<T, U>(items: Sequence<T>, change: (item: T) => U): Sequence<U> {
  return {
    length: items.length,
    *[Symbol.iterator]() {
      for (const item of items) yield change(item);
    },
  };
}

export interface LineWriter {
  write(value: unknown): void;
  /** Must be called once: what has been written so far may not all be in the file yet. */
  close(): void;
}

const bufferCharacters = 2 ** 18;

/** Writes one JSON document a line. */
export function writeLines(path: string): LineWriter {
  const file = openSync(path, 'w');
  let lines: string[] = [];
  let characters = 0;
  const flush = (): void => {
    writeAll(file, Buffer.from(lines.join('')));
    lines = [];
    characters = 0;
  };
  return {
    write(value) {
      const line = `${JSON.stringify(value)}\n`;
      lines.push(line);
      characters += line.length;
      if (characters >= bufferCharacters) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

export interface Spool<T> {
  add(value: T): void;
  /** Ends the list; nothing is added afterwards. */
  finish(): Sequence<T>;
}

/** A list of plain values, kept in the file at `path`. The caller removes it. */
export function createSpool<T>(path: string): Spool<T> {
  const lines = writeLines(path);
  let length = 0;
  return {
    add(value) {
      lines.write(value);
      length += 1;
    },
    finish() {
      lines.close();
      return {
        length,
        *[Symbol.iterator]() {
          for (const { bytes } of linesOf(path, Number.POSITIVE_INFINITY))
            yield JSON.parse(utf8.decode(required(bytes, 'a line of a spool'))) as T;
        },
      };
    },
  };
}
