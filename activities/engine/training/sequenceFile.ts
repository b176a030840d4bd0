/**
 * Sequences in a file: an epoch of a million of them is more than a message or the memory should hold. Whoever has them writes them in
 * the order of training; the engine reads a batch at a time.
 *
 * A sequence is 32-bit whole numbers in the machine's byte order, since it is read where it is written: how many tokens its prompt
 * has, how many its answer, then these.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { InternalError } from '../../errors.js';
import type { TokenSequence } from './layout.js';

const headNumbers = 2;
const numberBytes = Int32Array.BYTES_PER_ELEMENT;
/** Of what is written and read at once. */
const pieceBytes = 2 ** 20;

/** Names a file, and how its sequences form batches: consecutive ones, the last batch smaller where it does not come out even. */
export interface SequenceFile {
  readonly path: string;
  readonly sequences: number;
  readonly batchSize: number;
}

export interface SequenceWriter {
  write(sequence: TokenSequence): void;
  /** Ends the file. @returns how many sequences it has. */
  close(): number;
}

export function writeSequences(path: string): SequenceWriter {
  const file = openSync(path, 'w');
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let sequences = 0;
  const flush = (): void => {
    const piece = Buffer.concat(parts);
    for (let written = 0; written < piece.length; ) written += writeSync(file, piece, written);
    parts = [];
    bytes = 0;
  };
  return {
    write({ prompt, answer }) {
      const numbers = Int32Array.of(prompt.length, answer.length, ...prompt, ...answer);
      parts.push(new Uint8Array(numbers.buffer));
      bytes += numbers.byteLength;
      sequences += 1;
      if (bytes >= pieceBytes) flush();
    },
    close() {
      flush();
      closeSync(file);
      return sequences;
    },
  };
}

/** Batches in order, gone through any number of times. An array of batches is one. */
export interface Batches<Sequence extends TokenSequence = TokenSequence> extends Iterable<readonly Sequence[]> {
  readonly length: number;
}

/** Those of a file: one batch is in memory at a time. */
export function batchesIn({ path, sequences, batchSize }: SequenceFile): Batches {
  return {
    length: Math.ceil(sequences / batchSize),
    *[Symbol.iterator]() {
      let batch: TokenSequence[] = [];
      for (const sequence of readSequences(path)) {
        batch.push(sequence);
        if (batch.length < batchSize) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    },
  };
}

function* readSequences(path: string): Generator<TokenSequence> {
  const file = openSync(path, 'r');
  try {
    const take = numbersOf(file);
    for (;;) {
      const head = take(headNumbers);
      if (head === null) return;
      const [promptTokens = 0, answerTokens = 0] = head;
      const tokens = take(promptTokens + answerTokens);
      if (tokens === null) throw new InternalError(`${path} ends within a sequence`);
      yield { prompt: tokens.slice(0, promptTokens), answer: tokens.slice(promptTokens) };
    }
  } finally {
    closeSync(file);
  }
}

/** Gives the file's next numbers, so many at a time; null at its end. */
function numbersOf(file: number): (count: number) => readonly number[] | null {
  let piece = new Uint8Array(0);
  let place = 0;
  const fill = (bytes: number): boolean => {
    while (piece.length - place < bytes) {
      const more = new Uint8Array(pieceBytes);
      const read = readSync(file, more);
      if (read === 0) return false;
      piece = Buffer.concat([piece.subarray(place), more.subarray(0, read)]);
      place = 0;
    }
    return true;
  };
  return (count) => {
    const bytes = count * numberBytes;
    if (!fill(bytes)) return null;
    // A copy: an array of 32-bit numbers has to begin at a multiple of four bytes.
    const copy = Uint8Array.from(piece.subarray(place, place + bytes));
    place += bytes;
    return Array.from(new Int32Array(copy.buffer));
  };
}
