/**
 * Makes hostile files of sound ones. Mutators that know the structure change a value of JSON or a word of a text, so that what comes of it
 * gets past the first check; others change bytes.
 */
import { at } from '../../activities/invariant.js';
import type { RandomNumbers } from '../support/randomNumbers.js';

export function oneOf<T>(random: RandomNumbers, items: readonly T[]): T {
  return at(items, random.integer(0, items.length - 1));
}

/** Mostly small, now and then as large as is told. */
export function sizeUpTo(most: number, random: RandomNumbers): number {
  return Math.ceil(most ** random.uniform());
}

/** JSON that cannot be built from values: it stands for itself. */
class Raw {
  constructor(readonly text: string) {}
}

/** What takes a value's place. */
function strange(random: RandomNumbers): unknown {
  const kinds: readonly (() => unknown)[] = [
    () => oneOf(random, [-1, 0, 1.5, 2 ** 31, 2 ** 53, 1e9, 1e308, -0, 1e-320]),
    () => oneOf(random, [null, true, false, '', 'b', '\u0000', '\ud800', '\u202e', '__proto__', '../../etc/passwd']),
    () => oneOf(random, [[], {}, [[]], [null], { a: 1 }, [1, 2, 3]]),
    () => new Raw(oneOf(random, ['1e999', '-0', '00', 'NaN', '{"a":1,"a":2}', '"\\u12"', 'tru', '9'.repeat(400)])),
    () => 'x'.repeat(sizeUpTo(1_000_000, random)),
    () => oneOf(random, ['(a+)+$', '(?:a|a)*b', '(.*)*x', '\\p{L}+(', '[', '(?<=a)', 'a{1,99999}', '(?i:s)+']),
    () => nested(sizeUpTo(200_000, random), random),
    () => new Array<unknown>(sizeUpTo(50_000, random)).fill(oneOf(random, [{}, [], 0, 'a', null])),
    () => Object.fromEntries(Array.from({ length: sizeUpTo(20_000, random) }, (_, index) => [`k${index}`, index])),
  ];
  return oneOf(random, kinds)();
}

function nested(depth: number, random: RandomNumbers): Raw {
  const [open, close] = oneOf(random, [
    ['[', ']'],
    ['{"a":', '}'],
    ['[[', ']]'],
    ['{"type":"Sequence","a":[', ']}'],
  ] as const);
  return new Raw(`${open.repeat(depth)}1${random.uniform() < 0.8 ? close.repeat(depth) : ''}`);
}

/** Of an input: a list of ten thousand long texts would be more than a text can hold. */
const mostCharacters = 2 ** 22;

/** The text of a JSON value with one to four of its parts changed. */
export function mutatedJson(value: unknown, random: RandomNumbers): string {
  let changed = value;
  const times = random.integer(1, 4);
  for (let done = 0; done < times; done++) {
    const next = changedAt(changed, random);
    if (charactersOf(next) <= mostCharacters) changed = next;
  }
  return textOf(changed);
}

/** About as many as its text has. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Raw) return value.text.length;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, inside) => sum + 1 + charactersOf(inside), 0);
}

/** Goes down into the value, and changes what it comes to. */
function changedAt(value: unknown, random: RandomNumbers): unknown {
  const isContainer = typeof value === 'object' && value !== null && !(value instanceof Raw);
  if (!isContainer || random.uniform() < 0.15) return random.uniform() < 0.9 ? strange(random) : value;
  const keys = Object.keys(value);
  if (keys.length === 0) return strange(random);
  const key = oneOf(random, keys);
  const inside = (value as Readonly<Record<string, unknown>>)[key];
  const chance = random.uniform();
  if (Array.isArray(value)) {
    const place = Number(key);
    if (chance < 0.1) return value.toSpliced(place, 1);
    if (chance < 0.2) return [...value, ...new Array<unknown>(sizeUpTo(10_000, random)).fill(inside)];
    return value.with(place, changedAt(inside, random));
  }
  const { [key]: _, ...others } = value as Readonly<Record<string, unknown>>;
  if (chance < 0.1) return others;
  if (chance < 0.15)
    return { ...others, [String(oneOf(random, [key.toUpperCase(), `${key} `, 'x'.repeat(300)]))]: inside };
  return { ...value, [key]: changedAt(inside, random) };
}

function textOf(value: unknown): string {
  const raw: string[] = [];
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (!(part instanceof Raw)) return part;
    raw.push(part.text);
    return `\u0001${raw.length - 1}\u0001`;
  });
  return (text ?? 'null').replace(/"\\u0001(\d+)\\u0001"/g, (_, index: string) => at(raw, Number(index)));
}

/** Words of a text's grammar put together, some of them many times over. */
export function mutatedText(words: readonly string[], random: RandomNumbers): string {
  const length = sizeUpTo(60, random);
  return Array.from({ length }, () => {
    const word =
      random.uniform() < 0.05 ? oneOf(random, ['\u0000', '\u202e', '\ud800', '١', 'é', '😀']) : oneOf(random, words);
    return random.uniform() < 0.05 ? word.repeat(sizeUpTo(20_000, random)) : word;
  }).join(oneOf(random, ['', '', ' ', '\n']));
}

/** Bytes changed, left out, doubled, put in, cut off. */
export function mutatedBytes(sound: Uint8Array, random: RandomNumbers): Uint8Array {
  let bytes = Buffer.from(sound);
  const times = random.integer(1, 6);
  for (let done = 0; done < times; done++) {
    const place = random.integer(0, bytes.length);
    const end = Math.min(bytes.length, place + sizeUpTo(64, random));
    const put = (middle: Uint8Array): void => {
      bytes = Buffer.concat([bytes.subarray(0, place), middle, bytes.subarray(end)]);
    };
    const part = bytes.subarray(place, end);
    oneOf(random, [
      () => put(part.map((byte) => byte ^ (1 << random.integer(0, 7)))),
      () => put(new Uint8Array()),
      () => put(Buffer.concat([part, part])),
      () => put(Buffer.concat(new Array<Uint8Array>(sizeUpTo(2_000, random)).fill(part))),
      () => put(Uint8Array.from(part, () => random.integer(0, 255))),
      () => put(Uint8Array.from(part, () => oneOf(random, [0, 0xff, 0x7f, 0x80, 0x22, 0x5b, 0x7b, 0x2c, 0x0a]))),
      () => {
        bytes = bytes.subarray(0, place);
      },
    ])();
  }
  return bytes;
}

/** JSON with parts of it changed, or one time in five its bytes. */
export function hostileJson(values: readonly unknown[], random: RandomNumbers): Uint8Array {
  const value = oneOf(random, values);
  if (random.uniform() < 0.8) return Buffer.from(mutatedJson(value, random));
  return mutatedBytes(Buffer.from(JSON.stringify(value)), random);
}
