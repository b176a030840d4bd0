/**
 * The project's only source of randomness: the counter-based generator Philox4x32-10.
 *
 * A number is a pure function of its key (seed, purpose, round, example, sample, position) and of no state in a process. So work
 * can be split, retried or moved to another worker, and every random choice stays the same.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';

/** What a random number is used for. It is part of the key, so no two uses share a stream. */
export type RandomPurpose =
  | 'initialise'
  | 'order-warm-up'
  | 'order-sft'
  | 'order-rollout'
  | 'order-mini-batch'
  | 'order-self-training'
  | 'order-reward-model'
  | 'generate-problems'
  | 'split-validation'
  | 'rollout'
  | 'sample-test'
  | 'sample-self-training'
  | 'sample-reward-model'
  | 'sample-difficulty'
  | 'serve';

/** Names one random number. Every field is an integer in 0 … 2³²−1; fields left out are 0. */
export interface RandomKey {
  readonly seed: number;
  readonly purpose: RandomPurpose;
  readonly round?: number;
  readonly example?: number;
  readonly sample?: number;
  readonly position?: number;
}

/** The key of a stream of numbers: `position` counts along it. */
export type StreamKey = Omit<RandomKey, 'position'>;

/** Never change a number: the results of every run would change. A new purpose takes the next number. */
const purposeNumbers: Readonly<Record<RandomPurpose, number>> = {
  initialise: 1,
  'order-warm-up': 2,
  'order-sft': 3,
  'order-rollout': 4,
  'order-mini-batch': 5,
  'order-reward-model': 6,
  'generate-problems': 7,
  'split-validation': 8,
  rollout: 9,
  'sample-test': 10,
  'sample-reward-model': 11,
  'order-self-training': 12,
  'sample-self-training': 13,
  serve: 14,
  'sample-difficulty': 15,
};

/** Four random 32-bit words: Philox keyed by (seed, purpose) at the counter (round, example, sample, position). */
export function randomWords({ position = 0, ...key }: RandomKey): Uint32Array {
  const words = new Uint32Array(4);
  fillWords(words, key, position);
  return words;
}

/** A uniform number in [0, 1) with 24 random bits, so that float32 holds it exactly and the sampling graph gets the same value. */
export function uniform(key: RandomKey): number {
  const { position = 0 } = key;
  fillWords(scratch, key, position);
  return (at(scratch, 0) >>> 8) * 2 ** -24;
}

/** Fills `data` with independent Normal(0, standardDeviation²) numbers (Box-Muller, four to a counter). */
export function fillNormal(data: Float32Array, standardDeviation: number, key: StreamKey): void {
  for (let start = 0; start < data.length; start += 4) {
    fillWords(scratch, key, start / 4);
    for (let pair = 0; pair < 4; pair += 2) {
      // (word + 1) / 2³² lies in (0, 1], so the logarithm is finite.
      const radius = standardDeviation * Math.sqrt(-2 * Math.log((at(scratch, pair) + 1) * 2 ** -32));
      const angle = 2 * Math.PI * at(scratch, pair + 1) * 2 ** -32;
      // A typed array ignores writes past its end: the last four numbers may be more than it has room for.
      data[start + pair] = radius * Math.cos(angle);
      data[start + pair + 1] = radius * Math.sin(angle);
    }
  }
}

/** Fills `data` with independent uniform numbers in [−bound, bound) (four to a counter). */
export function fillUniform(data: Float32Array, bound: number, key: StreamKey): void {
  for (let start = 0; start < data.length; start += 4) {
    fillWords(scratch, key, start / 4);
    for (let index = 0; index < 4; index++) data[start + index] = bound * (at(scratch, index) * 2 ** -31 - 1);
  }
}

/** The numbers 0 … count−1 in random order (Fisher-Yates). */
export function permutation(count: number, key: StreamKey): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    fillWords(scratch, key, last);
    // 53 bits, so the bias towards some orders is below 2⁻²¹ even for 2³² items.
    const fraction = ((at(scratch, 0) >>> 5) * 2 ** 26 + (at(scratch, 1) >>> 6)) * 2 ** -53;
    const other = Math.floor(fraction * (last + 1));
    const moved = at(order, last);
    order[last] = at(order, other);
    order[other] = moved;
  }
  return order;
}

/** Philox4x32-10: ten rounds over the counter; the key changes by a constant between rounds. */
export function philox(
  output: Uint32Array,
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  output[0] = c0;
  output[1] = c1;
  output[2] = c2;
  output[3] = c3;
}

const scratch = new Uint32Array(4);

function fillWords(output: Uint32Array, key: StreamKey, position: number): void {
  const { seed, purpose, round = 0, example = 0, sample = 0 } = key;
  philox(
    output,
    [checked('round', round), checked('example', example), checked('sample', sample), checked('position', position)],
    [checked('seed', seed), purposeNumbers[purpose]],
  );
}

/** Refuses a field outside 32 bits: wrapped, two different keys would be one. */
function checked(field: string, value: number): number {
  if (value >>> 0 !== value)
    throw new InternalError(`random key: ${field} must be an integer from 0 to 4294967295, got ${value}`);
  return value;
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (other >>> 16);
}
