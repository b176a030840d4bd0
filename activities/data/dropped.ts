/** Rows that could not be used, by reason: how many, and the first few of them by name. */
import type { DroppedRows } from './types.js';

/** So many of each reason are named. */
const namedRows = 5;
const longestName = 120;
/** Reasons beyond these, as where a template gives one of its own for each row, are counted together. */
const mostReasons = 50;
const otherReasons = 'other reasons';
const longestReason = 300;

export interface Dropped {
  /** Reasons appear in order of first use. */
  readonly byReason: Readonly<Record<string, DroppedRows>>;
  /** @param name what to find the row by: its file and number, or its id */
  add(reason: string, name: string): void;
  /** What was counted apart. */
  addAll(others: Dropped): void;
}

export function createDropped(): Dropped {
  const byReason: Record<string, { count: number; readonly examples: string[] }> = {};
  const addRows = (given: string, { count, examples }: DroppedRows): void => {
    const short = given.slice(0, longestReason);
    const isKnown = Object.hasOwn(byReason, short) || Object.keys(byReason).length < mostReasons;
    const reason = isKnown ? short : otherReasons;
    byReason[reason] ??= { count: 0, examples: [] };
    const dropped = byReason[reason];
    dropped.count += count;
    for (const name of examples.slice(0, namedRows - dropped.examples.length))
      dropped.examples.push(name.slice(0, longestName));
  };
  return {
    byReason,
    add: (reason, name) => addRows(reason, { count: 1, examples: [name] }),
    addAll(others) {
      for (const [reason, rows] of Object.entries(others.byReason)) addRows(reason, rows);
    },
  };
}

/** For messages: `3 × answer is not a number (train.jsonl row 7, …)`. */
export function describeDropped({ byReason }: Dropped): string {
  const reasons = Object.entries(byReason).map(
    ([reason, { count, examples }]) =>
      `${count} × ${reason} (${examples.join(', ')}${count > examples.length ? ', …' : ''})`,
  );
  return reasons.length === 0 ? 'it is empty' : reasons.join('; ');
}
