/** What counts as an answer, and what it earns. Which texts and values do is in answerTable.ts. */
import { describe, expect, it } from 'vitest';
import { rewardAnswer } from '../../../activities/rewards/answer.js';
import { isEligible, sameAnswer } from '../../../activities/rewards/compareAnswers.js';
import { extractFromProgram, extractFromText } from '../../../activities/rewards/extractAnswer.js';
import { pythonFloat } from '../../../activities/rewards/pythonFloat.js';
import { randomNumbers } from '../../support/randomNumbers.js';

const marker = 'Therefore, the answer is: ';

describe('numbers in text', () => {
  it('takes the text after the last marker', () => {
    expect(extractFromText(`${marker}1\nNo, wait.\n${marker}2`, 'number')).toEqual({ value: 2 });
    expect(extractFromText(`${marker}1\n${marker}none`, 'number')).toEqual({ value: null, failure: 'not-a-number' });
  });

  it('finds nothing without the marker, even in a bare number', () => {
    expect(extractFromText('18', 'number')).toEqual({ value: null, failure: 'no-marker' });
    expect(extractFromText('therefore, the answer is: 18', 'number')).toEqual({ value: null, failure: 'no-marker' });
  });

  it('reads what JavaScript prints, whatever the double', () => {
    const random = randomNumbers(3);
    for (let i = 0; i < 2_000; i++) {
      const value = (random.uniform() - 0.5) * 10 ** random.integer(-20, 19);
      expect(pythonFloat(String(value))).toBe(value);
    }
  });
});

describe('option letters', () => {
  it('are read after a marker, even where nothing stands before it, and none is empty', () => {
    expect(extractFromText(`${marker}1`, 'number')).toEqual({ value: 1 });
    expect(extractFromText(`${marker} "B" `, 'choice')).toEqual({ value: 'b' });
    expect(extractFromText(`${marker} '' `, 'choice')).toEqual({ value: null, failure: 'empty' });
  });

  it('lets only single letters and finite numbers be voted for', () => {
    expect(['a', 'é', 3.5].every(isEligible)).toBe(true);
    expect(['a )', '1', '', 'nan', null].some(isEligible)).toBe(false);
  });
});

describe('program values', () => {
  it.each<[text: string, number: string | null, value: number | string | null]>([
    ['8', '8.0', 8],
    ['True', '1.0', 1],
    ['1e+22', '1e+22', 1e22],
    ['nan', 'nan', 'nan'],
    ['inf', 'inf', 'inf'],
    ['-inf', '-inf', '-inf'],
    ['(1, 2)', null, null],
  ])('%j is %j', (text, number, value) => {
    expect(extractFromProgram({ ok: true, text, number }, 'number').value).toBe(value);
  });

  it('keeps the reason of a failed program', () => {
    const outcome = { ok: false, failure: 'timeout', detail: 'over 2 s' } as const;
    expect(extractFromProgram(outcome, 'number')).toEqual({ value: null, failure: 'timeout' });
  });

  it('takes a letter that a program returns', () => {
    expect(extractFromProgram({ ok: true, text: "'B'", number: null }, 'choice')).toEqual({ value: 'b' });
  });
});

describe('reward', () => {
  it.each<[value: number | string | null, expected: number | string, reward: number]>([
    [18, 18, 1],
    [18.01, 18, 0.1], // 18.01 − 18 is a little over 0.01 in doubles, as in Python
    [0.02, 0.01, 1],
    [18.009, 18, 1],
    [18.02, 18, 0.1],
    [-18, 18, 0.1],
    ['nan', 18, 0.1],
    ['18', 18, 0.1],
    [null, 18, 0],
    ['a', 'a', 1],
    ['a', 'A', 1],
    ['b', 'a', 0.1],
    ['none of these', 'a', 0.1],
    [null, 'a', 0],
  ])('%j where %j is right: %d', (value, expected, reward) => {
    expect(rewardAnswer(value, expected, 0.1)).toEqual({ correct: reward === 1, reward });
  });

  it('compares symmetrically', () => {
    for (const [a, b] of [
      [1, 1.005],
      ['A', "'a'"],
      [1, '1'],
    ] as const)
      expect(sameAnswer(a, b)).toBe(sameAnswer(b, a));
  });
});
