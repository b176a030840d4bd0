/** What a parser of foreign input is to the fuzzer: how its inputs are made, and how ReFT reads one. One file a target in `targets`. */
import type { RandomNumbers } from '../support/randomNumbers.js';

export interface Target {
  /** A hostile input: the same for the same random numbers. */
  readonly make: (random: RandomNumbers) => Uint8Array;
  /** Unchanged inputs, each of which is read: what is made of refused ones would go no further than they do. */
  readonly sound: () => readonly Uint8Array[];
  /**
   * Reads an input as ReFT does. It may throw the classes of `activities/errors.ts`, and nothing else.
   * @param folder an empty one, for this input alone
   */
  readonly read: (input: Uint8Array, folder: string) => unknown;
}
