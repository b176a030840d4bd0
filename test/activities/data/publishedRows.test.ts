/**
 * Rows of published data sets, typed after the form in which their authors publish them: the files named in `activities/data/FORMATS.md`,
 * of the repositories sroy9/mawps, chaochun/nlu-asdiv-dataset, arkilpatel/SVAMP, reasoning-machines/gsm-hard, google-deepmind/AQuA,
 * hendrycks/math and openai/prm800k, and of MMLU, ARC and CommonsenseQA.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Question } from '../../../activities/data/questions.js';
import { equationLines } from '../../../activities/data/rows/equationLines.js';
import { asdivRows, mawpsRows, svampRows } from '../../../activities/data/rows/equationRows.js';
import { gsmHardRows } from '../../../activities/data/rows/gsmHard.js';
import { hendrycksMathRows } from '../../../activities/data/rows/hendrycksMath.js';
import { multipleChoiceRows } from '../../../activities/data/rows/multipleChoice.js';
import type { Row, RowForm } from '../../../activities/data/rows/rowForm.js';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import type { AnswerFormat, AnswerKind } from '../../../activities/rewards/answerFormat.js';
import { defaultComparison } from '../../../activities/rewards/compareAnswers.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { sourceAccess } from './sourceAccess.js';

const root = mkdtempSync(join(tmpdir(), 'reft-published-'));
afterAll(() => rmSync(root, { recursive: true }));

function read(form: RowForm, row: Row, kind: AnswerKind = 'number', annotation: AnswerFormat = 'program') {
  expect(form.recognises(row)).toBe(true);
  const request = { kind, comparison: defaultComparison(kind), annotation, id: 'train-1', refuse: () => null };
  return form.read(row, request);
}
const asked = (form: RowForm, row: Row, kind?: AnswerKind, annotation?: AnswerFormat): Question => {
  const reading = read(form, row, kind, annotation);
  if ('problem' in reading) throw new Error(reading.problem);
  return reading.question;
};

describe('equations', () => {
  const question = 'Joan found 70 seashells . She gave Sam some . She has 27 left .';
  it.each([
    ['X=(70.0-27.0)', 'seashells - left'],
    ['70.0-27.0=X', 'seashells - left'],
    ['X+27.0=70.0', 'seashells - left'],
    ['70 - 27 = 43', 'seashells - left'],
    ['43 = 70 - 27', 'seashells - left'],
    ['70-x=27', 'seashells - left'],
    ['x/27=70', 'seashells * left'],
    ['27/x=70', 'left / seashells'],
    ['3x=27', 'left / 3'],
    ['-x=27', '-left'],
    ['2*(x+1)-70=27', '(left + seashells) / 2 - 1'],
    ['30%*70=x', '30 / 100 * seashells'],
  ])('%s', (equation, expected) => {
    const made = equationLines(question, equation);
    expect('lines' in made && made.lines.at(-1)).toBe(`result = ${expected}`);
  });
  it('name the numbers that the question gives, each once', () => {
    expect(equationLines('Tom has 3 pens and 3 cups and 1,200 pins.', 'x=3+3*1200-5')).toEqual({
      lines: ['pens = 3', 'pins = 1200', 'result = pens + pens * pins - 5'],
    });
  });
  it.each([
    ['x+x=6', 'equation cannot be solved for one unknown'],
    ['x=y', 'equation cannot be solved for one unknown'],
    ['x=3+4; y=5', 'row has several equations'],
    ['x=3+4=7', 'row has several equations'],
    ['two and two', 'equation cannot be read'],
    ['', 'equation cannot be read'],
  ])('%s: %s', (equation, problem) => expect(equationLines(question, equation)).toEqual({ problem }));
});

describe('rows with equations', () => {
  const body = (lines: readonly string[]): string =>
    [...lines, 'return result'].map((line) => `    ${line}`).join('\n');

  it('of MAWPS', () => {
    const row = {
      iIndex: 2,
      sQuestion:
        'There were 28.0 bales of hay in the barn . Tim stacked bales today . There are now 54.0 bales . How many did he store ?',
      lEquations: ['X=(54.0-28.0)'],
      lSolutions: [26.0],
    };
    expect(asked(mawpsRows, row)).toEqual({
      id: 'mawps-2',
      question: row.sQuestion,
      answerValue: 26,
      answer: body(['bales_hay = 28', 'bales = 54', 'result = bales - bales_hay']),
    });
    expect(read(mawpsRows, { ...row, lSolutions: [1, 2] })).toMatchObject({ problem: 'row has several answers' });
    expect(read(mawpsRows, row, 'number', 'natural')).toMatchObject({ problem: expect.stringMatching(/in words/) });
  });

  it('of ASDiv, as XML and as the columns of its copies', () => {
    const fields = {
      Body: 'Seven red apples and 2 green apples are in the basket',
      Question: 'How many?',
      Answer: '9 (apples)',
      Formula: '7+2=9',
    };
    const expected = {
      question: `${fields.Body}. How many?`,
      answerValue: 9,
      answer: body(['green_apples = 2', 'result = 7 + green_apples']),
    };
    expect(asked(asdivRows, { ID: 'nluds-0001', Grade: '1', ...fields })).toEqual({ id: 'nluds-0001', ...expected });
    const copy = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
    expect(asked(asdivRows, { ...copy, solution_type: 'Addition' })).toEqual({ id: 'train-1', ...expected });
    expect(read(asdivRows, { ...fields, Answer: '9 (apples); 2 (pears)' })).toMatchObject({
      problem: 'row has several answers',
    });
    expect(read(asdivRows, { ...fields, Answer: '3:1' })).toMatchObject({ problem: 'answer is not a number' });
  });

  it('of SVAMP’s challenge set, and of the tables of its repository', () => {
    const row = {
      ID: 'chal-2',
      Body: 'Dan had $ 3 left with him after he bought a candy bar. If he had $ 4 at the start',
      Question: 'How much did the candy bar cost?',
      Equation: '( 4.0 - 3.0 )',
      Answer: 1.0,
      Type: 'Subtraction',
    };
    expect(asked(svampRows, row)).toMatchObject({
      id: 'chal-2',
      question: `${row.Body}. ${row.Question}`,
      answer: expect.stringMatching(/ {4}result = \w+ - \w+\n {4}return result$/),
    });
    const table = {
      Question: 'Mary had number0 pens and lost number1 of number2 . How many ?',
      Numbers: '10.0 3.0 7.5',
      Equation: '- number0 * number1 number2',
      Answer: '-12.5',
    };
    expect(asked(svampRows, table)).toMatchObject({
      question: 'Mary had 10 pens and lost 3 of 7.5 . How many ?',
      answerValue: -12.5,
      answer: body([
        'pens_lost = 10',
        'mary_pens_lost = 3',
        'mary_pens_lost_2 = 7.5',
        'result = pens_lost - mary_pens_lost * mary_pens_lost_2',
      ]),
    });
    expect(read(svampRows, { ...table, Equation: '- number0' })).toMatchObject({ problem: 'equation cannot be read' });
  });
});

it('GSM-Hard, with the authors’ program', () => {
  const row = {
    input: 'A robe takes 2287720 bolts of blue fiber. How many?',
    code: 'def solution():\n    """A robe"""\n    blue = 2287720\n    result = blue\n    return result',
    target: 2287720.0,
  };
  expect(asked(gsmHardRows, row)).toMatchObject({
    answerValue: 2287720,
    answer: '    blue = 2287720\n    result = blue\n    return result',
  });
  expect(read(gsmHardRows, { ...row, target: 'many' })).toEqual({ problem: 'answer is not a number' });
});

describe('MATH', () => {
  const row = {
    problem: 'What is $\\frac12+\\frac14$?',
    level: 'Level 1',
    type: 'Algebra',
    solution: 'It is \\boxed{1} less, so $\\boxed{\\frac{3}{4}}$.',
  };
  it('has its answer in the last box', () => {
    expect(asked(hendrycksMathRows, row, 'text', 'natural')).toEqual({
      id: 'train-1',
      question: row.problem,
      answerValue: '\\frac{3}{4}',
      answer: `${row.solution}\nTherefore, the answer is: \\frac{3}{4}`,
    });
    expect(
      asked(hendrycksMathRows, { ...row, answer: '3/4', unique_id: 'test/algebra/1.json' }, 'text', 'natural'),
    ).toMatchObject({ id: 'test/algebra/1.json', answerValue: '3/4' });
    expect(read(hendrycksMathRows, { ...row, solution: 'none' }, 'text', 'natural')).toMatchObject({
      problem: expect.stringContaining('boxed'),
    });
    expect(read(hendrycksMathRows, row, 'text')).toMatchObject({
      problem: 'row has a solution in words and no program',
    });
  });
});

describe('multiple choice', () => {
  it.each<[string, Row, string]>([
    ['AQuA', { question: 'Which?', options: ['A)21', 'B)21.5', 'C)22'], rationale: 'So.', correct: 'B' }, 'b'],
    ['MMLU', { question: 'Which?', subject: 'x', choices: ['21', '0', '2'], answer: 2, explanation: 'So.' }, 'c'],
    [
      'ARC',
      {
        id: 'train-1',
        question: 'Which?',
        choices: { text: ['21', '0', '2'], label: ['1', '2', '3'] },
        answerKey: '3',
        solution: 'So.',
      },
      'c',
    ],
    [
      'CommonsenseQA',
      {
        id: 'train-1',
        question: {
          stem: 'Which?',
          choices: [
            { label: 'A', text: '21' },
            { label: 'B', text: '0' },
          ],
        },
        answerKey: 'B',
        cot: 'So.',
      },
      'b',
    ],
    ['the option itself', { question: 'Which?', options: ['21', '0', '2'], answer: '21', rationale: 'So.' }, 'a'],
    [
      'a letter in brackets',
      { question: 'Which?', options: '(a) 21 (b) 0'.replace(' (b)', '\n(b)'), answer: '(B)', rationale: 'So.' },
      'b',
    ],
  ])('%s', (_, row, letter) => {
    expect(asked(multipleChoiceRows, row, 'choice', 'natural')).toMatchObject({
      id: 'train-1',
      question: expect.stringMatching(/^Which\?\na \) 21 , b \) /),
      answerValue: letter,
      answer: `So.\nTherefore, the answer is: ${letter}`,
    });
  });
  it('has rows that cannot be used', () => {
    const row = { question: 'Which?', options: ['1', '2'], rationale: 'So.', answer: '7' };
    expect(read(multipleChoiceRows, row, 'choice', 'natural')).toMatchObject({
      problem: 'row does not say which option is right',
    });
    expect(read(multipleChoiceRows, { ...row, options: [] }, 'choice')).toMatchObject({
      problem: 'row lacks question or options',
    });
    expect(read(multipleChoiceRows, { ...row, answer: '2', rationale: '' }, 'choice', 'natural')).toMatchObject({
      problem: expect.stringMatching(/^row lacks rationale/),
    });
  });
  it('leaves rows of GSM8K to GSM8K', () => {
    expect(multipleChoiceRows.recognises({ question: 'x', answer: 'So.\n#### 3', options: ['1', '2'] })).toBe(false);
  });
});

describe('by name', () => {
  const write = (folder: string, name: string, content: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const lines = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
  const load = (folder: string, source: string, cot = 'natural') =>
    loadQuestions({ ...sourceAccess(folder), data: dataSchema.parse({ source, cot, validation: 1 }), seed: 1 });
  const choice = (id: number) => ({
    question: `Is it ${id}?`,
    options: ['A)yes', 'B)no'],
    rationale: `It is ${id}.`,
    correct: 'A',
  });

  it('aqua, math and multiple-choice load from their files', async () => {
    const folder = mkdtempSync(join(root, 'named-'));
    const math = (id: number) => ({ problem: `Is it ${id}?`, solution: `It is $\\boxed{${id}}$.` });
    for (const name of ['aqua', 'multiple-choice']) {
      write(folder, `${name}/train.json`, lines([1, 2, 3].map(choice)));
      write(folder, `${name}/test.json`, lines([choice(4)]));
    }
    write(folder, 'math/train.jsonl', lines([1, 2, 3].map(math)));
    write(folder, 'math/test.jsonl', lines([math(4)]));
    for (const [name, kind] of [
      ['aqua', 'choice'],
      ['multiple-choice', 'choice'],
      ['math', 'text'],
    ] as const) {
      const { train, validation, test, answerKind } = await load(folder, name);
      expect([train.length, validation.length, test.length, answerKind]).toEqual([2, 1, 1, kind]);
    }
    await expect(load(folder, 'aqua', 'program')).rejects.toMatchObject({
      name: 'InvalidData',
      message: expect.stringMatching(/aqua has no programs.*natural would do/),
    });
    await expect(load(folder, 'mawps')).rejects.toMatchObject({
      message: expect.stringMatching(/mawps has no chains of thought in words.*program would do/),
    });
  });

  it('gsm-hard trains on GSM8K', async () => {
    const folder = mkdtempSync(join(root, 'hard-'));
    write(folder, 'gsm8k/train.jsonl', lines([1, 2].map((id) => ({ question: `${id}?`, answer: `So.\n#### ${id}` }))));
    write(
      folder,
      'gsm-hard/gsmhardv2.jsonl',
      lines([{ input: 'How many?', code: 'def solution():\n    return 5', target: 5.0 }]),
    );
    const { files, test } = await load(folder, 'gsm-hard');
    expect(files.map(({ name }) => name)).toEqual(['gsm8k/train.jsonl', 'gsm-hard/gsmhardv2.jsonl']);
    expect([...test]).toEqual([{ id: 'test-1', question: 'How many?', answerValue: 5 }]);
  });
});
