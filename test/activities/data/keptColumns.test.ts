/** Columns that are kept for rewards, from the rows of files to the questions that rewards get; and rows without a right answer. */
import { describe, expect, it } from 'vitest';
import { toExamples } from '../../../activities/data/examples.js';
import { templatePieces } from '../../../activities/data/format.js';
import type { QuestionSets } from '../../../activities/data/questions.js';
import { keepColumns } from '../../../activities/data/rows/keptColumns.js';
import { loadTokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import { annotated, useOwnRows } from './ownRows.js';

const own = useOwnRows();
const write = (name: string, rows: readonly object[]): string =>
  own.write(name, rows.map((row) => JSON.stringify(row)).join('\n'));
const load = (train: readonly object[], source: object): Promise<QuestionSets> =>
  own.load({ train: write('train.jsonl', train), test: write('test.jsonl', [rowOf(9)]), ...source });

const rowOf = (number: number, more: object = {}) => ({
  task: `Task ${number}?`,
  code: `  return ${number}`,
  number,
  tests: [`f() == ${number}`, number],
  extra: { level: 'easy' },
  ...more,
});
const fields = { question: 'task', answer: 'code', value: 'number' };

describe('data.source.columns', () => {
  it('keeps columns of training and test rows as they are, by the names given', async () => {
    const rows = [rowOf(1), rowOf(2, { tests: null }), rowOf(3, { extra: {} })];
    const sets = await load(rows, { fields, columns: ['tests', 'extra.level'] });
    expect(annotated(sets).map(({ columns }) => columns)).toEqual([
      { tests: ['f() == 1', 1], 'extra.level': 'easy' },
      { tests: null, 'extra.level': 'easy' },
      { tests: ['f() == 3', 3], 'extra.level': null },
    ]);
    expect([...sets.test].map(({ columns }) => columns)).toEqual([{ tests: ['f() == 9', 9], 'extra.level': 'easy' }]);
  });

  it('puts them into the lines of data sets, and nothing into those of other questions', () => {
    const tokenizer = loadTokenizer(
      trainTokenizer(['How many?'], { kind: 'word', vocabularySize: 64, templates: templatePieces }),
    );
    const question = { id: 'q', question: 'How many?', answerValue: 1 };
    const style = { format: 'natural', docstring: false } as const;
    const columns = { tests: ['f() == 1'] };
    const [kept, plain] = [...toExamples([{ ...question, columns }, question], style, tokenizer)];
    expect(kept).toStrictEqual({ ...plain, columns });
    expect(Object.keys(plain ?? {})).toEqual(['id', 'question', 'prompt', 'promptTokens', 'answerValue']);
  });

  it('goes with rows of known forms too', async () => {
    const gsm8k = (number: number) => ({ question: `${number}?`, answer: `So.\n#### ${number}`, source: 'web' });
    const files = { train: write('gsm8k.jsonl', [gsm8k(1), gsm8k(2)]), test: write('gsm8kTest.jsonl', [gsm8k(3)]) };
    const sets = await own.load({ ...files, columns: ['source'] });
    expect(annotated(sets).map(({ columns }) => columns)).toEqual([{ source: 'web' }, { source: 'web' }]);
  });

  it('left out, leaves questions as they were', async () => {
    const sets = await load([rowOf(1), rowOf(2)], { fields });
    expect(annotated(sets)[0]).toStrictEqual({
      id: 'train-1',
      question: 'Task 1?',
      answer: 'return 1\nTherefore, the answer is: 1',
      answerValue: 1,
    });
  });

  it('leaves out a row that has too much in them', async () => {
    const tests = (length: number) => ({ tests: ['x'.repeat(128_000), 'x'.repeat(length)] });
    // Of 262,144 bytes the names, quotes and brackets take 17.
    const sets = await load([rowOf(1, tests(134_127)), rowOf(2, tests(134_128)), rowOf(3)], {
      fields,
      columns: ['tests'],
    });
    expect(annotated(sets).map(({ id }) => id)).toEqual(['train-1', 'train-3']);
    expect(sets.dropped).toEqual({
      'row has more than 256 KiB in data.source.columns': { count: 1, examples: ['train.jsonl row 2: train-2'] },
    });
  });

  it('names a column that no row of a file has', async () => {
    await expect(load([rowOf(1), rowOf(2)], { fields, columns: ['tests', 'unit_tests'] })).rejects.toMatchObject({
      name: 'InvalidData',
      message:
        'train.jsonl: no row has the column unit_tests (data.source.columns); columns found: task, code, number, tests, extra.level',
    });
  });

  it('has integers of 64 bits as numbers as long as JSON holds them, else as text', () => {
    expect(keepColumns({ a: [1n, -5n], b: 2n ** 53n - 1n, c: 2n ** 53n }, ['a', 'b', 'c'])).toEqual({
      columns: { a: [1, -5], b: 2 ** 53 - 1, c: '9007199254740992' },
    });
  });
});

describe('rows without a right answer', () => {
  it('have annotated answers as they stand, and null for a value', async () => {
    const { value: _, ...withoutValue } = fields;
    const sets = await load([rowOf(1), rowOf(2)], { fields: withoutValue, answers: 'text', columns: ['tests'] });
    expect(annotated(sets)[0]).toStrictEqual({
      id: 'train-1',
      question: 'Task 1?',
      answer: 'return 1',
      answerValue: null,
      columns: { tests: ['f() == 1', 1] },
    });
    expect([...sets.test]).toStrictEqual([
      { id: 'test-1', question: 'Task 9?', answerValue: null, columns: { tests: ['f() == 9', 9] } },
    ]);
  });
});
