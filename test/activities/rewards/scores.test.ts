/** Reading what a user's scorer gives: numbers, objects, and all that is neither. */
import { describe, expect, it } from 'vitest';
import type { NumberedPair } from '../../../activities/rewards/batches.js';
import { checkScores, readScores } from '../../../activities/rewards/scores.js';

const pairs = ['q1', 'q2'].map(
  (id, sample): NumberedPair => ({
    example: { id, question: '?', prompt: '?', answerValue: 1 },
    response: { text: ` ${id} says \n`, truncated: false },
    sample,
  }),
);
const read = (...given: unknown[]) => readScores({ reward: 'python', correctFrom: 1 }, pairs, given);

describe('a scorer may say', () => {
  it('a number: right from `correctFrom` on, with the text as its value', () => {
    expect(read(0.5, 1)).toStrictEqual([
      { reward: 0.5, correct: false, value: 'q1 says' },
      { reward: 1, correct: true, value: 'q2 says' },
    ]);
    const lower = readScores({ reward: 'python', correctFrom: 0.5 }, pairs, [0.5, -1]);
    expect(lower.map(({ correct }) => correct)).toEqual([true, false]);
  });

  it('an object, whose own words count', () => {
    expect(
      read(
        { reward: 2, correct: false, value: 7, parts: { 'a-b_1': -1 } },
        { reward: 0, correct: true, failure: 'timeout' },
      ),
    ).toStrictEqual([
      { reward: 2, correct: false, value: 7, parts: { 'a-b_1': -1 } },
      { reward: 0, correct: true, value: null, failure: 'timeout' },
    ]);
    expect(read({ reward: 1, value: null }, { reward: 1, failure: 'x', value: 'y' })).toMatchObject([
      { correct: true, value: null },
      { value: 'y', failure: 'x' },
    ]);
  });
});

describe('what is no score names the reward, the question and the sample', () => {
  const broken: readonly (readonly [given: unknown, problem: string])[] = [
    [Number.NaN, 'NaN is no score'],
    [Number.POSITIVE_INFINITY, 'Infinity is no score'],
    [null, 'null is no score'],
    [undefined, 'undefined is no score'],
    ['1', '"1" is no score'],
    [true, 'true is no score'],
    [{}, '{} is no score'],
    [{ reward: null }, '{"reward":null} is no score'],
    [{ reward: 1, corect: true }, 'corect'],
    [{ reward: 1, parts: { 'no dots.': 1 } }, 'parts'],
    [{ reward: 1, parts: { style: Number.NaN } }, 'parts'],
    [{ reward: 1, failure: 'a whole sentence' }, 'failure'],
  ];
  it.each(broken)('%j', (given, problem) => {
    const reading = (): unknown => read(1, given);
    expect(reading).toThrow(problem);
    expect(reading).toThrow('reward python, sample 1 of question "q2"');
    expect(reading).toThrow(expect.objectContaining({ name: 'InvalidReward' }));
  });

  it('and another number of scores says how many there are', () => {
    expect(() => read(1)).toThrow('reward python gave 1 scores for 2 responses');
    expect(() => read(1, 1, 1)).toThrow('reward python gave 3 scores for 2 responses');
    expect(() => readScores({ reward: 'python', correctFrom: 1 }, pairs, { 0: 1, 1: 1 })).toThrow(
      'reward python gave {"0":1,"1":1} for 2 responses, not a list of scores',
    );
  });
});

it('more names of parts than a report can show are refused', () => {
  const scores = (names: number) =>
    [0, 1].map((half) => ({
      reward: 1,
      correct: true,
      value: null,
      parts: Object.fromEntries(Array.from({ length: names / 2 }, (_, index) => [`p${half}-${index}`, 1])),
    }));
  expect(checkScores('sum', pairs, scores(32))).toHaveLength(2);
  expect(() => checkScores('sum', pairs, scores(34))).toThrow(
    'reward sum, sample 1 of question "q2": the part p1-15 is one too many, at most 32 names are allowed',
  );
});
