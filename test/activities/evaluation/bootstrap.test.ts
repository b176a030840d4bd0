/** The bootstrap against all resamples there are, where they can be counted, and against the binomial distribution. */
import { describe, expect, it } from 'vitest';
import { type Block, bootstrap } from '../../../activities/evaluation/bootstrap.js';

const options = { replicates: 20_000, seed: 1 };

function block(columns: Readonly<Record<string, readonly number[]>>): Block {
  return new Map(Object.entries(columns));
}

/** Every tuple of `length` numbers in 0 … `count` − 1. */
function tuples(length: number, count: number): number[][] {
  if (length === 0) return [[]];
  return tuples(length - 1, count).flatMap((head) => Array.from({ length: count }, (_, next) => [...head, next]));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the two-level bootstrap', () => {
  const seeds = [
    [1, 0, 3],
    [5, 4, 9],
  ];

  it('draws trainings, and questions once for all of them, as enumeration does', async () => {
    const every = tuples(2, 2).flatMap((drawn) =>
      tuples(3, 3).map((questions) => mean(drawn.map((seed) => mean(questions.map((q) => seeds[seed]?.[q] ?? 0))))),
    );
    const { meanInterval } = await bootstrap(
      seeds.map((a) => block({ a })),
      options,
    );
    const found = meanInterval('a');
    expectWithin(found?.low, every, 0.025);
    expectWithin(found?.high, every, 0.975);
  });

  /** Within 2 permille of the enumeration's quantile, on the scale of probabilities: what sampling leaves open. */
  function expectWithin(value: number | undefined, every: readonly number[], share: number): void {
    const slack = Math.ceil(0.004 * every.length);
    const sorted = [...every].sort((a, b) => a - b);
    const place = Math.round(share * (sorted.length - 1));
    expect(value).toBeGreaterThanOrEqual((sorted[Math.max(0, place - slack)] ?? 0) - 1e-9);
    expect(value).toBeLessThanOrEqual((sorted[Math.min(sorted.length - 1, place + slack)] ?? 0) + 1e-9);
  }

  it('of one training is the binomial interval of its share', async () => {
    const right = Array.from({ length: 400 }, (_, index) => (index < 300 ? 1 : 0));
    const found = (await bootstrap([block({ right })], options)).meanInterval('right');
    // scipy.stats.binom.ppf([0.025, 0.975], 400, 0.75) / 400
    expect(found?.low).toBeCloseTo(0.7075, 2);
    expect(found?.high).toBeCloseTo(0.7925, 2);
  });

  it('pairs: what both columns share is not in their difference', async () => {
    const a = Array.from({ length: 200 }, (_, index) => index % 2);
    const b = a.map((value) => value - 0.25);
    const { differenceInterval } = await bootstrap([block({ a, b }), block({ a, b })], options);
    const found = differenceInterval('a', 'b');
    expect(found?.low).toBeCloseTo(0.25, 12);
    expect(found?.high).toBeCloseTo(0.25, 12);
  });

  it('leaves out a training that a column lacks, and knows of no column that none has', async () => {
    const blocks = [block({ a: [2, 2], b: [1, 1] }), block({ a: [4, 4] })];
    const { meanInterval, differenceInterval } = await bootstrap(blocks, options);
    expect(meanInterval('b')).toEqual({ low: 1, high: 1 });
    expect(meanInterval('a')).toEqual({ low: 2, high: 4 });
    expect(differenceInterval('a', 'b')).toEqual({ low: 1, high: 1 });
    expect(meanInterval('c')).toBeUndefined();
    expect(differenceInterval('a', 'c')).toBeUndefined();
  });

  it('gives the same for the same seed, and refuses what does not fit together', async () => {
    const blocks = seeds.map((a) => block({ a }));
    const interval = async (seed: number) =>
      (await bootstrap(blocks, { ...options, replicates: 50, seed })).meanInterval('a');
    expect(await interval(3)).toEqual(await interval(3));
    for (const uneven of [[block({ a: [1], b: [1, 2] })], [block({ a: [1] }), block({ a: [1, 2] })]])
      await expect(bootstrap(uneven, options)).rejects.toThrow(/columns of 1, 2 questions/);
  });
});
