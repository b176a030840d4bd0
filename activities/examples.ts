/**
 * A data set's examples, as activities read them. A small set is parsed once and kept, since a worker's activities ask for the same few
 * again and again. Of a large one the places of its lines are in memory, and a line is read when it is asked for.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { linesOf, piecesOf } from './data/files/lines.js';
import type { DataSetRef, Example } from './data/types.js';
import { InvalidData } from './errors.js';
import { formats, upgraderFrom } from './formats.js';
import { required } from './invariant.js';
import { anyRecord, inForm, jsonOf } from './store/inForm.js';
import type { Store } from './store/types.js';

/** Examples by their place in the data set. An array is one. */
export interface Examples {
  readonly length: number;
  /** Undefined beyond the last. */
  at(index: number): Example | undefined;
}

/** Of a data set's lines: from here on it is large. Parsed they take about three times as much. */
const smallBytes = 32 * 2 ** 20;
/** Data sets that are kept. */
const mostRecent = 3;
/** So much is done before other work is let through. */
const linesAtOnce = 100;

const tokens = z.array(z.number());

const exampleSchema: z.ZodType<Example> = z.object({
  id: z.string(),
  question: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).exactOptional(),
  prompt: z.string(),
  promptTokens: tokens,
  answer: z.string().exactOptional(),
  answerTokens: tokens.exactOptional(),
  answerValue: z.union([z.number(), z.string(), z.null()]),
  columns: z.record(z.string(), z.unknown()).exactOptional(),
});

/** Small data sets and the lines' places of large ones, by content: those read last. */
const recent = {
  small: new Map<string, readonly Example[]>(),
  large: new Map<string, Float64Array>(),
};

/**
 * @param largeFrom bytes of lines from which on a data set is large
 * @throws IncompatibleVersion when later code wrote it
 */
export async function readExamples(store: Store, data: DataSetRef, largeFrom = smallBytes): Promise<Examples> {
  const parse = parserOf(data);
  if (data.bytes < largeFrom)
    return keep(recent.small, data.sha256, async () => parseExamples(await store.getFile(data), parse));
  const path = await store.getFile(data);
  const places = await keep(recent.large, data.sha256, () => findLines(path, data.count));
  return {
    length: data.count,
    at(index) {
      const [start, end] = [places[index], places[index + 1]];
      return start === undefined || end === undefined ? undefined : parse(readBetween(path, start, end));
    },
  };
}

async function keep<T>(kept: Map<string, T>, key: string, make: () => Promise<T>): Promise<T> {
  const value = kept.get(key) ?? (await make());
  kept.delete(key);
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (oldest !== undefined && kept.size > mostRecent) kept.delete(oldest);
  return value;
}

/** Line by line: a data set may be longer than any text can be. */
async function parseExamples(path: string, parse: Parse): Promise<readonly Example[]> {
  const examples: Example[] = [];
  for (const { number, bytes } of linesOf(path, Number.POSITIVE_INFINITY)) {
    if (number % linesAtOnce === 0) await setImmediate();
    examples.push(parse(required(bytes, 'a line of a data set')));
  }
  return examples;
}

type Parse = (line: Uint8Array) => Example;

function parserOf({ key, version = 1 }: DataSetRef): Parse {
  const upgrade = upgraderFrom(formats.dataSet, version, key);
  return (line) => {
    const fields = inForm(anyRecord, jsonOf(line, key, 'an example as JSON'), key, 'an example');
    return inForm(exampleSchema, upgrade(fields), key, 'an example');
  };
}

const lineFeed = 0x0a;

/** Where each line begins, and where the last ends, in bytes. */
async function findLines(path: string, count: number): Promise<Float64Array> {
  const places = new Float64Array(count + 1);
  let lines = 0;
  let before = 0;
  for (const piece of piecesOf(path)) {
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, end + 1)) {
      lines += 1;
      places[lines] = before + end + 1;
    }
    before += piece.length;
    await setImmediate();
  }
  if (lines !== count) throw new InvalidData(`${path} has ${lines} examples, and was to have ${count}`);
  return places;
}

function readBetween(path: string, start: number, end: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(end - start);
    for (let read = 0; read < bytes.length; ) {
      const more = readSync(file, bytes, read, bytes.length - read, start + read);
      if (more === 0) throw new InvalidData(`${path} ends within an example`);
      read += more;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** Examples at some places, left out at all, in this order, with a pause for other work now and then. */
export async function* examplesAt(
  examples: Examples,
  places: Iterable<number> = new Array(examples.length).keys(),
): AsyncGenerator<Example> {
  let done = 0;
  for (const place of places) {
    done += 1;
    if (done % linesAtOnce === 0) await setImmediate();
    yield exampleAt(examples, place);
  }
}

/** @throws InvalidData for a sample of a question that the data set does not have. */
export function exampleAt(examples: Examples, place: number): Example {
  const example = place < 0 ? undefined : examples.at(place);
  if (example) return example;
  throw new InvalidData(`a sample is of question ${place}, but the data set has ${examples.length}`);
}

/** @throws InvalidData for a sample of a question that the data set does not have. */
export function promptOf(examples: Examples, example: number): readonly number[] {
  return exampleAt(examples, example).promptTokens;
}
