/** Voting, reranking and the upper bound, against an independent brute-force count, and on the cases that define them. */
import { describe, expect, it } from 'vitest';
import { accuracyOf } from '../../../activities/evaluation/accuracy.js';
import { type Candidate, rerank, vote } from '../../../activities/evaluation/voting.js';
import { comparisonSchema } from '../../../activities/rewards/compareAnswers.js';
import { randomNumbers } from '../../support/randomNumbers.js';

const candidate = (value: number | string | null, correct = false): Candidate => ({ value, correct });
const values = (...all: (number | string | null)[]): Candidate[] => all.map((value) => candidate(value));

describe('voting', () => {
  it('counts answers within the tolerance together', () => {
    expect(vote(values(5, 7, 7.004, 5.02, 6.999))?.value).toBe(7);
  });
  it('breaks ties by the answer seen first', () => {
    expect(vote(values(3, 4, 4, 3))?.value).toBe(3);
    expect(vote(values(4, 3, 3, 4))?.value).toBe(4);
  });
  it('never elects an empty extraction, nor what is no answer', () => {
    expect(vote(values(null, null, null, 2))?.value).toBe(2);
    expect(vote(values('nan', 'nan', 2))?.value).toBe(2);
    expect(vote(values(null, null))).toBeNull();
    expect(vote([])).toBeNull();
  });
  it('elects option letters', () => {
    expect(vote(values('none of these', 'none of these', 'b'))?.value).toBe('b');
  });
  it('counts and elects by the comparison of the reward', () => {
    const wide = comparisonSchema.parse({ name: 'numeric', absoluteTolerance: 0, relativeTolerance: 0.1 });
    expect(vote(values(10, 100, 105, 10.5, 101), undefined, wide)?.value).toBe(100);
    const texts = values('Rome', 'new york', 'New York');
    expect(vote(texts)).toBeNull();
    expect(vote(texts, undefined, { name: 'text' })?.value).toBe('new york');
    expect(vote(texts, undefined, { name: 'exact' })?.value).toBe('Rome');
    expect(rerank(texts, [0.1, 0.2, 0.9])).toBeNull();
    expect(rerank(texts, [0.1, 0.2, 0.9], { name: 'text' })?.value).toBe('New York');
  });
  it('can be weighted', () => {
    expect(vote(values(1, 1, 1, 2), [0.1, 0.1, 0.1, 0.9])?.value).toBe(2);
  });

  it('agrees with a brute-force count', () => {
    const random = randomNumbers(1);
    let joined = 0;
    for (let trial = 0; trial < 1_000; trial++) {
      // Answers in steps of 0.004: those up to two steps apart are the same, so a is b and b is c, but a need not be c.
      const steps = Array.from({ length: 1 + (trial % 12) }, () =>
        random.uniform() < 0.3 ? null : random.integer(0, trial % 3 === 0 ? 5 : 12),
      );
      const all = steps.map((step) => candidate(step === null ? null : 2 + 0.004 * step, step === 2));
      const weights = trial % 2 === 0 ? undefined : all.map(() => random.integer(0, 3));
      const leaders: number[] = [];
      const totals = new Map<number, number>();
      for (const [index, step] of steps.entries()) {
        if (step === null) continue;
        const known = leaders.find((place) => Math.abs((steps[place] ?? 0) - step) <= 2);
        if (known === undefined) leaders.push(index);
        else if (steps[known] !== step) joined++;
        const leader = known ?? index;
        totals.set(leader, (totals.get(leader) ?? 0) + (weights?.[index] ?? 1));
      }
      const best = Math.max(...totals.values());
      const expected = leaders.find((leader) => totals.get(leader) === best);
      expect(vote(all, weights)).toBe(expected === undefined ? null : all[expected]);
    }
    expect(joined).toBeGreaterThan(500);
  });
});

describe('reranking', () => {
  it('takes the most probable sample that has an answer, the first of equals', () => {
    expect(rerank(values(null, 1, 2, 3), [0.99, 0.2, 0.8, 0.8])?.value).toBe(2);
    expect(rerank(values(null), [1])).toBeNull();
  });

  it('agrees with a brute-force search', () => {
    const random = randomNumbers(2);
    for (let trial = 0; trial < 500; trial++) {
      const all = values(
        ...Array.from({ length: trial % 12 }, () => (random.uniform() < 0.3 ? null : random.integer(0, 4))),
      );
      const probabilities = all.map(() => random.integer(0, 3) / 4);
      const places = all.map((_, place) => place).filter((place) => all[place]?.value !== null);
      const beats = (a: number, b: number): boolean => (probabilities[a] ?? 0) >= (probabilities[b] ?? 0);
      const expected = places.find((place) => places.every((other) => beats(place, other)));
      expect(rerank(all, probabilities)).toBe(expected === undefined ? null : all[expected]);
    }
  });
});

describe('accuracy', () => {
  it('has the published Wilson interval', () => {
    // Newcombe (1998), table I: 81 of 263 gives 0.2553 … 0.3662; 0 of 20 gives 0 … 0.1611.
    const { percent, low, high } = accuracyOf(81, 263);
    expect([percent, low, high].map((value) => value.toFixed(2))).toEqual(['30.80', '25.53', '36.62']);
    expect(accuracyOf(0, 20)).toMatchObject({ percent: 0, low: 0 });
    expect(accuracyOf(0, 20).high).toBeCloseTo(16.11, 2);
    expect(accuracyOf(20, 20)).toMatchObject({ percent: 100, high: 100 });
    expect(accuracyOf(0, 0)).toMatchObject({ low: 0, high: 100 });
  });
});
