/**
 * Worked questions in the manner of MathQA: lower-case tasks of school algebra, rates and percentages. With options the answer is the letter
 * of one; for the numeric form of the data set the options are left out.
 */
import type { Worked } from './worked.js';

interface WithOptions extends Worked {
  readonly options: Readonly<Record<string, number>>;
}

const tasks: readonly WithOptions[] = [
  {
    question: 'a cyclist covers 36 km in 1.5 hours . at the same speed , how many km does he cover in 40 minutes ?',
    options: { a: 12, b: 14, c: 16, d: 18, e: 20 },
    chain:
      'the speed is 36 / 1.5 = 24 km per hour . 40 minutes are 40 / 60 hours , so the distance is 24 * 40 / 60 = 16 km .',
    value: '16',
    program: ['speed = 36 / 1.5', 'hours = 40 / 60', 'distance = speed * hours', 'result = distance'],
  },
  {
    question: 'the price of a book rises from 250 to 290 . what is the percentage of the rise ?',
    options: { a: 14, b: 16, c: 18, d: 20, e: 40 },
    chain: 'the rise is 290 - 250 = 40 . in percent of the first price that is 40 / 250 * 100 = 16 .',
    value: '16',
    program: [
      'price_before = 250',
      'price_after = 290',
      'rise = price_after - price_before',
      'percent = rise / price_before * 100',
      'result = percent',
    ],
  },
  {
    question: 'a can do a piece of work in 12 days and b in 6 days . in how many days do they finish it together ?',
    options: { a: 2, b: 3, c: 4, d: 5, e: 9 },
    chain: 'in a day a does 1 / 12 and b does 1 / 6 of the work , together 3 / 12 . so they need 12 / 3 = 4 days .',
    value: '4',
    program: ['rate_a = 1 / 12', 'rate_b = 1 / 6', 'days = 1 / (rate_a + rate_b)', 'result = days'],
  },
  {
    question: 'the average of 5 numbers is 18 . four of them are 12 , 15 , 20 and 21 . what is the fifth ?',
    options: { a: 18, b: 20, c: 21, d: 22, e: 24 },
    chain:
      'the sum of the five is 5 * 18 = 90 . the four add up to 12 + 15 + 20 + 21 = 68 . the fifth is 90 - 68 = 22 .',
    value: '22',
    program: ['total = 5 * 18', 'known = 12 + 15 + 20 + 21', 'fifth = total - known', 'result = fifth'],
  },
];

export const mathqaNumericExamples: readonly Worked[] = tasks;

export const mathqaExamples: readonly Worked[] = tasks.map(({ question, options, chain, value, program }) => {
  const letter = Object.keys(options).find((name) => String(options[name]) === value) ?? '';
  const listed = Object.entries(options).map(([name, option]) => `${name} ) ${option}`);
  const asDictionary = Object.entries(options).map(([name, option]) => `"${name}": ${option}`);
  return {
    question: `${question}\n${listed.join(' , ')}`,
    chain: `${chain} that is option ${letter} .`,
    value: letter,
    program: [
      ...program.slice(0, -1),
      program.slice(-1).join('').replace('result', 'value'),
      `options = {${asDictionary.join(', ')}}`,
      'result = min(options, key=lambda letter: abs(options[letter] - value))',
    ],
  };
});
