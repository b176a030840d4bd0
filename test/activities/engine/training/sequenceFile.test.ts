/** Sequences that go to the engine in a file: what is read is what was written, batch by batch. */
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { batchesIn, writeSequences } from '../../../../activities/engine/training/sequenceFile.js';

const directory = mkdtempSync(join(tmpdir(), 'reft-sequences-'));
const path = join(directory, 'sequences');
afterAll(() => rmSync(directory, { recursive: true }));

function write(sequences: readonly TokenSequence[]): number {
  const file = writeSequences(path);
  for (const sequence of sequences) file.write(sequence);
  return file.close();
}
const of = (prompt: readonly number[], answer: readonly number[]): TokenSequence => ({ prompt, answer });

it('gives the sequences back in batches, as often as they are gone through', () => {
  const written = [of([1, 2], [3]), of([151_935], [0, 9]), of([], [4]), of([5], [])];
  const batches = batchesIn({ path, sequences: write(written), batchSize: 3 });
  expect(batches).toHaveLength(2);
  for (const _ of ['once', 'again']) expect([...batches]).toEqual([written.slice(0, 3), written.slice(3)]);
});

it('has no batch where there is no sequence', () => {
  const batches = batchesIn({ path, sequences: write([]), batchSize: 3 });
  expect(batches).toHaveLength(0);
  expect([...batches]).toEqual([]);
});

it('reads sequences that lie across the pieces in which a file is read', () => {
  const written = Array.from({ length: 16 }, (_, index) =>
    of(
      Array.from({ length: 20_000 + index }, (__, place) => place + index),
      [index, 1],
    ),
  );
  const batches = [...batchesIn({ path, sequences: write(written), batchSize: 7 })];
  expect(batches.map((batch) => batch.length)).toEqual([7, 7, 2]);
  expect(JSON.stringify(batches.flat())).toBe(JSON.stringify(written));
});

it('refuses a file that breaks off', () => {
  const sequences = write([of([1, 2, 3], [4])]);
  truncateSync(path, 16);
  expect(() => [...batchesIn({ path, sequences, batchSize: 1 })]).toThrow('ends within a sequence');
});
