/** The named parts of rewards, added up over samples and shards. Pure. */
import type { PartTotal, Score } from './samples.js';

type PartTotals = Readonly<Record<string, PartTotal>>;

/** Each part over the scores that have it, names in the order in which they first occur. */
export function totalParts(scores: readonly Pick<Score, 'parts'>[]): PartTotals {
  return addParts(
    scores.map(({ parts = {} }) =>
      Object.fromEntries(Object.entries(parts).map(([name, total]) => [name, { total, count: 1 }])),
    ),
  );
}

/** Totals of shards together. */
export function addParts(shards: readonly PartTotals[]): PartTotals {
  const sums = new Map<string, PartTotal>();
  for (const shard of shards)
    for (const [name, { total, count }] of Object.entries(shard)) {
      const before = sums.get(name);
      sums.set(name, before ? { total: before.total + total, count: before.count + count } : { total, count });
    }
  return Object.fromEntries(sums);
}

/** The mean of each part, by its name behind `prefix`: `reward.` makes metrics of them. */
export function partMeans(parts: PartTotals, prefix = ''): Record<string, number> {
  return Object.fromEntries(Object.entries(parts).map(([name, { total, count }]) => [prefix + name, total / count]));
}
