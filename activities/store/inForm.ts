/** What an object holds, in the form that it should have: others may have written to the bucket. */
import { z } from 'zod';
import { CorruptObject } from '../errors.js';
import { parseForeignJson } from '../foreignJson.js';

/**
 * @param what it should be, in words: `a checkpoint manifest`
 * @throws CorruptObject naming the object
 */
export function inForm<T>(schema: z.ZodType<T>, value: unknown, key: string, what: string): T {
  const { data, error } = schema.safeParse(value);
  if (error) throw new CorruptObject(key, what, z.prettifyError(error));
  return data;
}

/** As `inForm`, for each of a list: of a million wrong ones the first is told. */
export function eachInForm<T>(schema: z.ZodType<T>, values: readonly unknown[], key: string, what: string): T[] {
  return values.map((value) => inForm(schema, value, key, what));
}

/** The JSON that we wrote, as long as it may be. @throws CorruptObject when it is none */
export function parseJson(key: string, text: string, expected: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CorruptObject(key, expected, JSON.stringify(text.slice(0, 80)));
  }
}

/** Any record: not looked into, and not copied. */
export const anyRecord = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

/** The JSON of an object that is no larger than a few megabytes. @throws CorruptObject when it is none */
export function jsonOf(bytes: Uint8Array, key: string, what: string): unknown {
  const read = parseForeignJson(Buffer.from(bytes).toString());
  if ('problem' in read) throw new CorruptObject(key, what, `what ${read.problem}`);
  return read.value;
}
