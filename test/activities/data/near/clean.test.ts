/** Leaks of test questions into training, and repeats: what is found, what is not, and what each rule does. */
import { describe, expect, it } from 'vitest';
import { createDropped } from '../../../../activities/data/dropped.js';
import { checkLeakage, type LeakageRule, withoutDuplicates } from '../../../../activities/data/near/clean.js';
import { createNearQuestions } from '../../../../activities/data/near/nearQuestions.js';
import type { Question } from '../../../../activities/data/questions.js';

const questionsOf = (name: string, ...texts: readonly string[]): Question[] =>
  texts.map((question, index) => ({ id: `${name}-${index + 1}`, question, answerValue: 1 }));
const teachers =
  'The membership of a committee consists of 3 English teachers, 4 mathematics teachers and 2 social studies teachers. How many are there?';

describe('nearly the same', () => {
  const isNear = (a: string, b: string): boolean => {
    const near = createNearQuestions();
    near.add(a, 'a');
    return near.find(b) !== undefined;
  };
  it.each([
    [teachers, teachers.replace('English', 'French')],
    [teachers, teachers.replace('How many are there', 'How many teachers are there in all')],
    ['John has $ 1,600 and spends 600 .', 'John has $1600.0 and spends 600'],
    ['How many pens?\na ) 1 , b ) 2', 'How many pens?\na ) 3 , b ) 4'],
  ])('%s and %s', (a, b) => expect(isNear(a, b)).toBe(true));
  it.each([
    [teachers, teachers.replace('4', '5')],
    [teachers, 'There are 3 pens, 4 cups and 2 books on the table of Tom and Ann. How many things are there?'],
    ['What is 5 - 3?', 'What is 5 + 3?'],
    ['What is 5!?', 'What is 5?'],
    ['', 'x'],
  ])('but not %s and %s', (a, b) => expect(isNear(a, b)).toBe(false));
  it('is the nearest of several', () => {
    const near = createNearQuestions();
    near.add(teachers.replace('English', 'French'), 'further');
    near.add(teachers, 'nearest');
    near.add(`Well: ${teachers}`, 'other');
    expect(near.find(teachers)).toEqual({ name: 'nearest', similarity: 1 });
  });
});

describe('leakage', () => {
  const train = questionsOf('train', 'What is 1 and 1?', teachers.replace('English', 'French'), 'What is 7 and 7?');
  const test = questionsOf('test', teachers, 'what is 7 and 7');
  const check = (rule: LeakageRule) => {
    const dropped = createDropped();
    const { questions, warnings } = checkLeakage(train, test, rule, dropped);
    return { ids: [...questions].map(({ id }) => id), warnings, dropped: dropped.byReason };
  };
  it('is refused, naming rows and what may be done', () => {
    expect(() => check('refuse')).toThrow(
      /^1 training question nearly is a test question \(train-2 is \d\d % test-1\): .*data\.leakage "leaveOut".*"allow"$/,
    );
    expect(() => check('refuse')).toThrow(expect.objectContaining({ name: 'InvalidData' }));
  });
  it('is left out, or allowed with a note; what is the same is another’s to leave out', () => {
    expect(check('leaveOut')).toEqual({
      ids: ['train-1', 'train-3'],
      warnings: [],
      dropped: { 'question nearly is a test question': { count: 1, examples: [expect.stringMatching(/^train-2 is/)] } },
    });
    const allowed = check('allow');
    expect(allowed.ids).toEqual(['train-1', 'train-2', 'train-3']);
    expect(allowed.warnings).toEqual([expect.stringMatching(/^1 training question .*They are trained on\.$/)]);
    expect(allowed.dropped).toEqual({});
  });
});

describe('repeats', () => {
  const questions = questionsOf('train', teachers, 'One?', 'one ?', teachers.replace('English', 'French'), teachers);
  it.each([
    ['keep', [1, 2, 3, 4, 5], {}],
    ['exact', [1, 2, 4], { 'question repeats another': 2 }],
    ['near', [1, 2], { 'question repeats another': 2, 'question nearly repeats another': 1 }],
  ] as const)('%s', (rule, kept, reasons) => {
    const dropped = createDropped();
    const left = withoutDuplicates(questions, rule, dropped);
    expect([...left].map(({ id }) => id)).toEqual(kept.map((number) => `train-${number}`));
    expect(left.length).toBe(kept.length);
    expect(Object.fromEntries(Object.entries(dropped.byReason).map(([reason, { count }]) => [reason, count]))).toEqual(
      reasons,
    );
  });
  it('are not looked for among too many', () => {
    const many = { length: 200_001, [Symbol.iterator]: () => [][Symbol.iterator]() };
    expect(() => withoutDuplicates(many, 'near', createDropped())).toThrow(
      /data\.duplicates: "near" compares at most 200000/,
    );
  });
});
