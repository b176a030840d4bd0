/** What a set is like, counted by hand. */
import { describe, expect, it } from 'vitest';
import { describeSet, summarise } from '../../../activities/data/describeSet.js';
import type { Question } from '../../../activities/data/questions.js';

describe('lengths', () => {
  it('are summed up, and counted in bars of equal width', () => {
    expect(summarise([1, 2, 3, 4, 30])).toEqual({
      least: 1,
      median: 3,
      mean: 8,
      most95: 30,
      most: 30,
      histogram: [
        { from: 1, to: 3, count: 3 },
        { from: 4, to: 6, count: 1 },
        ...[7, 10, 13, 16, 19, 22, 25].map((from) => ({ from, to: from + 2, count: 0 })),
        { from: 28, to: 30, count: 1 },
      ],
    });
    expect(summarise([7])?.histogram).toEqual([{ from: 7, to: 7, count: 1 }]);
    expect(summarise([])).toBeNull();
  });
});

it('a set has its repeats counted, and samples by the seed', () => {
  const long =
    'The membership of a committee consists of 3 English teachers, 4 mathematics teachers and 2 social studies teachers. How many are there?';
  const texts = [
    'One?',
    'one ?',
    long,
    long.replace('English', 'French'),
    ...Array.from({ length: 200 }, (_, id) => `Is it ${id}?`),
  ];
  const questions: Question[] = texts.map((question, id) => ({ id: `train-${id}`, question, answerValue: id }));
  const described = (seed: number) => describeSet(questions, { tokensIn: (text) => text.length, samples: 3, seed });
  expect(described(1)).toMatchObject({ questions: 204, repeats: 1, nearRepeats: 1, answerTokens: null });
  expect(described(1).questionTokens?.most).toBe(long.length);
  expect(described(1).samples).toHaveLength(3);
  expect(described(1).samples).toEqual(described(1).samples);
  expect(described(2).samples).not.toEqual(described(1).samples);
});
