/** What counts as an answer, and what it earns. Which texts and values do is in answerTable.ts. */
import { describe, expect, it } from 'vitest';
import { rewardAnswer } from '../../../activities/rewards/answer.js';
import { comparisonSchema, isEligible, sameAnswer } from '../../../activities/rewards/compareAnswers.js';
import { extractFromProgram, extractFromText } from '../../../activities/rewards/extractAnswer.js';
import { pythonFloat } from '../../../activities/rewards/pythonFloat.js';
import { randomNumbers } from '../../support/randomNumbers.js';
import { hasPython, runPrograms } from '../data/python.js';

const marker = 'Therefore, the answer is: ';

describe('numbers in text', () => {
  it('takes the text after the last marker', () => {
    expect(extractFromText(`${marker}1\nNo, wait.\n${marker}2`, 'number')).toEqual({ value: 2 });
    expect(extractFromText(`${marker}1\n${marker}none`, 'number')).toEqual({ value: null, failure: 'not-a-number' });
  });

  it('finds nothing without the marker, even in a bare number', () => {
    expect(extractFromText('18', 'number')).toEqual({ value: null, failure: 'no-marker' });
    expect(extractFromText('answer: 18', 'number')).toEqual({ value: null, failure: 'no-marker' });
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
    expect(['a', 'é', 3.5].every((value) => isEligible(value))).toBe(true);
    expect(['a )', '1', '', 'nan', null].some((value) => isEligible(value))).toBe(false);
    expect(isEligible('New York', { name: 'text' })).toBe(true);
    expect(isEligible('', { name: 'exact' })).toBe(false);
    expect(isEligible('nan', comparisonSchema.parse({ name: 'numeric' }))).toBe(false);
  });
});

describe('what users bring', () => {
  const numeric = (options: object) => comparisonSchema.parse({ name: 'numeric', ...options });
  const read = (text: string, options?: Parameters<typeof extractFromText>[2]) =>
    extractFromText(text, 'number', options).value;

  it.each(['The answer is 3,5.', `${marker}3,5`, 'The answer is 0,500', 'The answer is 12,5 .', 'The answer is 1,23'])(
    'answer-decimal-comma: %j is no number, but under a decimal comma',
    (text) => {
      expect(read(text)).toBeNull();
      const stated = Number(/\d+,\d+/.exec(text)?.[0].replace(',', '.'));
      expect(read(text, { comparison: numeric({ decimalMark: 'comma' }) })).toBe(stated);
    },
  );
  it.each([
    ['3,500', 3500],
    ['1,234,567', 1234567],
    ['3,500.25', 3500.25],
    ['-3,500.', -3500],
  ] as const)('answer-decimal-comma: %s stays a number', (text, value) =>
    expect(read(`The answer is ${text}`)).toBe(value),
  );

  it.each([
    '**73**.',
    '**73.**',
    '__73__',
    '*73*',
    '`73`',
    '***73***',
    '<b>73</b>',
    '<strong>73</strong>.',
    '** 73 **',
  ])('answer-bold: %s is 73', (text) => {
    expect(read(`The answer is ${text}`)).toBe(73);
    expect(read(marker + text)).toBe(73);
  });
  it('answer-bold: marks around the sentence, and around a letter', () => {
    expect(read('**The answer is 73.**')).toBe(73);
    expect(read('**Therefore, the answer is:** 73')).toBe(73);
    expect(extractFromText('The answer is **B**.', 'choice')).toEqual({ value: 'b' });
    expect(extractFromText(`${marker}**B**`, 'choice')).toEqual({ value: 'b' });
  });

  it.each([
    ['So we get \\boxed{\\frac{3}{4}}.', 0.75],
    ['\\boxed{\\dfrac{3}{4}} or so', 0.75],
    ['$$\\boxed{ -\\tfrac34 }$$', -0.75],
    ['\\boxed{2\\frac{1}{2}}', 2.5],
    ['\\boxed{{12}}', 12],
    ['\\boxed{1{,}234{,}567}', 1234567],
    ['\\boxed{12\\,345}', 12345],
    ['\\boxed{3,500}', 3500],
    ['\\boxed{42\\text{ apples}}', 42],
    ['\\boxed{42~\\mathrm{cm}^2}', 42],
    ['\\boxed{90^\\circ}', 90],
    ['\\boxed{\\mathbf{7}}', 7],
    ['\\fbox{7}', 7],
    ['\\boxed 7', 7],
    ['\\boxed{x=\\frac{1}{8}}', 0.125],
    ['\\boxed{1} and \\boxed{2', 1],
    ['\\boxed{\\boxed{7}}', 7],
    ['\\boxed{f(1, x) = 2 + 5 = 7}', 7],
    ['\\boxed{10^3 = 1,000}', 1000],
    ['\\boxed{a = 1, b = 2}', null],
    ['\\boxed{a = 1;\\ b = 2}', null],
    ['\\boxed{3,5}', null],
    ['\\boxed{\\frac{1}{0}}', null],
    ['\\boxed{\\{1, 2\\}}', null],
    ['7', null],
  ])('answer-boxed: %j is %j', (text, value) => {
    expect(read(text, { extraction: 'boxed' })).toBe(value);
  });
  it('answer-boxed: letters and texts', () => {
    const boxed = { extraction: 'boxed' } as const;
    expect(extractFromText('\\boxed{\\text{(B)}}', 'choice', boxed)).toEqual({ value: 'b' });
    expect(extractFromText('\\boxed{\\text{New York}}', 'text', boxed)).toEqual({ value: 'new york' });
    const exact = { extraction: 'boxed', comparison: { name: 'exact' } } as const;
    expect(extractFromText('\\boxed{\\frac{3}{4}}', 'text', exact)).toEqual({ value: '\\frac{3}{4}' });
    expect(extractFromText('4', 'number', boxed)).toEqual({ value: null, failure: 'no-box' });
  });

  it.each<[text: string, value: number | null, asked?: number]>([
    ['It costs -$18.50.', -18.5],
    ['It is −5.', -5],
    ['5−3', 3],
    ['10-3', 3],
    ['٣ and ١٨', 18],
    ['1e3 grams', 1000],
    ['It is 18 % of 5%.', 5],
    ['The 7th of 12.', 12],
    ['No.5', 5],
    ['.5.', 0.5],
    ['5 in v1.2.3', 5],
    ['16, or 0x10', null],
    ['0b11', null],
    ['1.234,5', null],
    ['1,2,3', null],
    ['3.14.15', null],
    ['2/3', null, 2 / 3],
    ['3 and 1½ cups', null, 1.5],
    ['about 1 3⁄4', null, 1.75],
    ['¾', null, 0.75],
    ['7/0', null],
    ['H2O', null],
    ['none', null],
  ])('the last number of %j is %j', (text, value, asked) => {
    expect(read(text, { extraction: 'last-number' })).toBe(value);
    const everything = numeric({ fractions: true, percentages: 'number', currencies: true });
    expect(read(text, { extraction: 'last-number', comparison: everything })).toBe(value ?? asked ?? null);
  });

  it.each<[text: string, value: number | null]>([
    ['#### 1\n#### 2', 2],
    ['####72', 72],
    ['##### 1,234.', 1234],
    ['#### 3,5', null],
    ['#### 0x10', null],
    ['#### 72 apples', null],
    ['### 72', null],
    ['#### 72\n####', null],
  ])('the number behind hashes in %j is %j', (text, value) => {
    expect(read(text, { extraction: 'hashes' })).toBe(value);
  });

  it.each([
    'The answer is\n\n42',
    `${marker}\n\n42`,
    'Therefore, the answer is:\n42\n',
    'The answer is:\r\n\r\n**42**',
  ])('answer-after-line: %j is 42', (text) => expect(read(text)).toBe(42));
});

describe('values of programs under other comparisons', () => {
  const said = (text: string, number: string | null = null) => ({ ok: true, text, number }) as const;
  it('are read from their text where they are no numbers', () => {
    const fractions = comparisonSchema.parse({ name: 'numeric', fractions: true });
    expect(extractFromProgram(said('1/2'), 'number')).toEqual({ value: null, failure: 'not-a-number' });
    expect(extractFromProgram(said('1/2'), 'number', fractions)).toEqual({ value: 0.5 });
    expect(extractFromProgram(said('1,234'), 'number')).toEqual({ value: 1234 });
    expect(extractFromProgram(said('3,5'), 'number').value).toBeNull();
    // What is left of a huge integer is another number.
    expect(extractFromProgram(said('1'.padEnd(200, '0')), 'number').value).toBeNull();
    expect(extractFromProgram(said('16.0', '16.0'), 'text')).toEqual({ value: '16.0' });
    expect(extractFromProgram(said(' Rome '), 'text', { name: 'exact' })).toEqual({ value: 'Rome' });
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

  it.each([
    [{ name: 'numeric', absoluteTolerance: 0 }, 1, 1.0001, false],
    [{ name: 'numeric', absoluteTolerance: 0, relativeTolerance: 0.001 }, 1000, 1000.9, true],
    [{ name: 'numeric', absoluteTolerance: 0, relativeTolerance: 0.001 }, 1000, 1002, false],
    [{ name: 'numeric' }, 'nan', 'nan', true],
    [{ name: 'choice' }, 'b', "'B'", true],
    [{ name: 'exact' }, 'Rome', 'rome', false],
    [{ name: 'exact' }, '0x10', '0x10', true],
    [{ name: 'text' }, '**New  York.**', 'new york', true],
    [{ name: 'text' }, 'ﬁne', '“FINE”', true],
    [{ name: 'text' }, 'York', 'New York', false],
  ])('by %j, %j and %j are the same: %j', (comparison, a, b, same) => {
    expect(sameAnswer(a, b, comparisonSchema.parse(comparison))).toBe(same);
    expect(sameAnswer(b, a, comparisonSchema.parse(comparison))).toBe(same);
  });

  it.skipIf(!hasPython)("compares numbers as Python's math.isclose", () => {
    const random = randomNumbers(5);
    const draws = Array.from({ length: 2_000 }, () => {
      const a = Math.round((random.uniform() - 0.5) * 10 ** random.integer(0, 6)) / 100;
      const tolerances = [0, 0.001, 0.01, 0.1, 1];
      const b =
        a + (random.integer(-3, 3) / 2) * (tolerances[random.integer(0, 4)] ?? 0) * (random.uniform() < 0.5 ? 1 : a);
      const pick = (): number => tolerances[random.integer(0, 4)] ?? 0;
      return { a, b, absoluteTolerance: pick(), relativeTolerance: pick() };
    });
    const [python] = runPrograms([
      `import math, json\nrows = json.loads(${JSON.stringify(JSON.stringify(draws))})\ndef solution():\n    return [math.isclose(r["a"], r["b"], rel_tol=r["relativeTolerance"], abs_tol=r["absoluteTolerance"]) for r in rows]`,
    ]);
    const ours = draws.map(({ a, b, ...tolerances }) =>
      sameAnswer(a, b, comparisonSchema.parse({ name: 'numeric', ...tolerances })),
    );
    expect(ours).toEqual(python);
    expect(new Set(ours).size).toBe(2);
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
