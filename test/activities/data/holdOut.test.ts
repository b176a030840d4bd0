/** When questions are the same, which are held out, and what is said of those that nearly are the same. */
import { describe, expect, it } from 'vitest';
import { createDropped } from '../../../activities/data/dropped.js';
import { type HoldOutRequest, holdOut } from '../../../activities/data/holdOut.js';
import type { Question } from '../../../activities/data/questions.js';

const questionsOf = (texts: readonly string[], name = 'train'): Question[] =>
  texts.map((question, index) => ({ id: `${name}-${index + 1}`, question, answer: 'So.', answerValue: index }));

function split(train: readonly string[], test: readonly string[], request: Partial<HoldOutRequest> = {}) {
  const dropped = createDropped();
  const sets = holdOut(questionsOf(train), questionsOf(test, 'test'), { seed: 1, validation: 1, ...request }, dropped);
  const textsOf = (questions: Iterable<Question>): string[] => [...questions].map(({ question }) => question);
  return {
    train: textsOf(sets.train),
    validation: textsOf(sets.validation),
    test: textsOf(sets.test),
    counts: [sets.train.length, sets.validation.length, sets.test.length],
    warnings: sets.warnings,
    dropped: dropped.byReason,
  };
}

describe('questions that differ in what they ask', () => {
  it('case data-holdout-operators: six distinct questions', () => {
    const questions = ['What is 5-3?', 'What is 5+3?', 'Solve x<3', 'Solve x>3', 'What is -7+2?', 'What is 7+2?'];
    for (const seed of [1, 2, 3]) {
      const { train, validation, dropped } = split(questions, ['Something else?'], { seed });
      expect([...train, ...validation].sort()).toEqual([...questions].sort());
      expect(dropped).toEqual({});
    }
  });

  it.each([
    ['2.5 + 1', '25 + 1'],
    ['What is .5 + 1?', 'What is 5 + 1?'],
    ['2*(3+4)', '2*3+4'],
    ['What is 5!?', 'What is 5?'],
    ['a-b', 'a/b'],
    ['a - b', 'a + b'],
    ['f′(2)', 'f(2)'],
    ["f'(2)", 'f(2)'],
    ['The ratio is 3:4', 'The ratio is 34'],
    ['x != 3', 'x = 3'],
    ['x² + 1', 'x2 + 1'],
    ['10% of 5', '10 of 5'],
    ['|x - 1|', 'x - 1'],
    ['What is 7 × 2?', 'What is 7 ÷ 2?'],
    ['५ + ३', '५ - ३'],
    ['की', 'का'],
  ])('%s is not %s', (one, other) => {
    expect(split(['Else?', 'More?', one], [other]).dropped).toEqual({});
  });
});

describe('questions that differ in how they are written', () => {
  it.each([
    ['What is 5 - 3 ?', 'what is 5-3'],
    ['What is 5 − 3?', 'What is 5 - 3?'],
    ['Tom has 5 apples. How many, then?', 'tom has 5 apples how many then'],
    ['“How many?”, he said!', 'How many he said'],
    ["Don't count", 'Don’t count'],
    ['Twenty-one boys', 'twenty one boys'],
    ['Solve: x + 1', 'Solve x+1'],
    ['How\nmany\tare  there?', 'how many are there'],
    ['café?', 'cafe\u0301?'],
  ])('%j is %j', (one, other) => {
    const { train, validation, dropped } = split(['Else?', 'More?', one], [other]);
    expect([...train, ...validation].sort()).toEqual(['Else?', 'More?']);
    expect(dropped).toEqual({ 'question is in the test set': { count: 1, examples: ['train-3'] } });
  });

  it('are on one side of the split, the last of them held out', () => {
    const repeated = ['1+1?', '1 + 1', '2+2?', '2 + 2', '3+3?', '3 + 3'];
    const { train, validation, dropped } = split(repeated, ['Else?']);
    expect(validation).toHaveLength(1);
    expect(repeated.indexOf(validation[0] ?? '') % 2).toBe(1);
    expect(train).toHaveLength(4);
    expect(dropped['question is in the validation set']?.count).toBe(1);
  });
});

describe('questions that are nearly the same', () => {
  it('are a warning, and trained on', () => {
    const { train, warnings, dropped } = split(['What is 5-3?', 'Else?', 'More?'], ['What is 5+3?']);
    expect(train.length).toBe(2);
    expect(dropped).toEqual({});
    if (train.includes('What is 5-3?'))
      expect(warnings).toEqual([
        '1 training question differs from one in the test set by operators or punctuation alone (train-1 and test-1). They are trained on.',
      ]);
  });

  it('are told apart by set, the first few by name', () => {
    const near = Array.from({ length: 6 }, (_, index) => `What is ${'('.repeat(index + 1)}5 3?`);
    const { warnings } = split([...near, 'Else?', 'More?'], ['What is 5-3?'], { seed: 3 });
    expect(warnings[0]).toMatch(/^[56] training questions differ from one in the test set .*test-1, .*, …\)/);
  });

  it('that are left out by a cap are not told of', () => {
    const { warnings, counts } = split(['Else?', 'More?', 'Other?', 'What is 5-3?'], ['What is 5+3?'], { train: 1 });
    expect([counts, warnings]).toEqual([[1, 1, 1], []]);
  });
});

it('caps take the first rows, in the file’s order', () => {
  const train = Array.from({ length: 10 }, (_, index) => `Question ${index}?`);
  const { counts, ...sets } = split(train, ['One?', 'Two?', 'Three?'], { train: 4, test: 2, validation: 2 });
  expect(counts).toEqual([4, 2, 2]);
  expect(sets.test).toEqual(['One?', 'Two?']);
  expect(sets.train).toEqual(train.filter((question) => !sets.validation.includes(question)).slice(0, 4));
});
