/** Random choices of the problem generator: a stream for each candidate problem, so any one can be made again alone. */

import { uniform } from '../../engine/sampling/random.js';
import { at } from '../../invariant.js';

export interface Draws {
  /** An integer in [low, high], all equally likely. */
  integer(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items, all equally likely. */
  pick<Item>(items: readonly Item[]): Item;
}

/** The stream of candidate problem number `candidate`: one for its story, another for how its annotation is written. */
export function createDraws(seed: number, candidate: number, part: 'story' | 'annotation'): Draws {
  const sample = part === 'story' ? 0 : 1;
  let position = 0;
  const next = (): number =>
    uniform({ seed, purpose: 'generate-problems', example: candidate, sample, position: position++ });
  return {
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => at(items, Math.floor(next() * items.length)),
  };
}
