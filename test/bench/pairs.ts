/** Two sides measured in one run, turn by turn, so that a busy machine slows both. */
import { setTimeout as pause } from 'node:timers/promises';
import { permutation } from '../../activities/engine/sampling/random.js';
import { median, rounded } from './result.js';

/** Seconds that one turn took. */
export type Side = () => Promise<number>;

export interface PairedSeconds {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** Lets the other side's threads stop spinning. */
const pauseMilliseconds = 100;

/** Measures pairs after some that do not count; who goes first is drawn anew for each pair. */
export async function inTurns(ours: Side, theirs: Side, warmUps: number, pairs: number): Promise<PairedSeconds> {
  const seconds = [[], []] as [number[], number[]];
  for (let pair = 0; pair < warmUps + pairs; pair++)
    for (const side of permutation(2, { seed: 0, purpose: 'order-mini-batch', round: pair })) {
      await pause(pauseMilliseconds);
      const taken = await (side === 0 ? ours : theirs)();
      if (pair >= warmUps) seconds[side === 0 ? 0 : 1].push(taken);
    }
  return { ours: seconds[0], theirs: seconds[1] };
}

/** Median and best ratio of the pairs: above 1, we are faster. */
export function ratios({ ours, theirs }: PairedSeconds): { readonly ratio: number; readonly bestPair: number } {
  const each = theirs.map((seconds, pair) => seconds / (ours[pair] ?? Number.NaN));
  return { ratio: rounded(median(each)), bestPair: rounded(Math.max(...each)) };
}
