/** Which rounds of a run keep their checkpoint. Pure. */
import type { RetentionSpec } from '../../workflows/config/retention.js';

/** The note of a round, as far as the rule looks at it. */
export interface RuledRound {
  readonly round: number;
  /** When it was written, in milliseconds since 1970. */
  readonly written: number;
  /** sha256 of its checkpoint. */
  readonly checkpoint: string;
  /** sha256 of the best checkpoint before it; undefined where an earlier version wrote the note. */
  readonly best: string | undefined;
}

type Rule = Pick<RetentionSpec, 'last' | 'everyRounds'>;

/**
 * The latest by when they were written, since a run that was sent back does earlier rounds again, and of one second the higher; each
 * multiple of `everyRounds`; those that are best so far. A note that does not tell what the run needs to go on from it is left alone.
 */
export function keptRounds(rounds: readonly RuledRound[], { last, everyRounds }: Rule): ReadonlySet<number> {
  const seconds = ({ written }: RuledRound): number => Math.floor(written / 1_000);
  const latest = [...rounds].sort((a, b) => seconds(b) - seconds(a) || b.round - a.round);
  const best = latest[0]?.best;
  const isKept = (one: RuledRound): boolean =>
    one.best === undefined ||
    one.checkpoint === best ||
    (everyRounds !== null && one.round % everyRounds === 0) ||
    latest.indexOf(one) < last;
  return new Set(rounds.filter(isKept).map(({ round }) => round));
}
