/** Data sets of a user's own, from a specification to questions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { QuestionSets } from '../../../activities/data/questions.js';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import type { comparisonSchema } from '../../../activities/rewards/compareAnswers.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { annotated, useOwnRows } from './ownRows.js';
import { sourceAccess } from './sourceAccess.js';

const { directory, write, load } = useOwnRows();
const parquet = (name: string): string => join(import.meta.dirname, 'files', name);

describe('rows of known forms', () => {
  it('need no fields: GSM8K as Hugging Face publishes it', async () => {
    const test = write('test.jsonl', '{"question": "How many?", "answer": "All.\\n#### 7"}');
    const sets = await load({ train: parquet('gsm8k.snappy.parquet'), test });
    expect(annotated(sets).map(({ id, answerValue }) => [id, answerValue])).toEqual([
      ['train-1', 42],
      ['train-2', 1200],
      ['train-3', 42],
    ]);
    expect(sets.files.map(({ name, rows }) => [name.split('/').pop(), rows])).toEqual([
      ['gsm8k.snappy.parquet', 3],
      ['test.jsonl', 1],
    ]);
  });

  it('that others are not, are told apart in the report', async () => {
    const train = write('other.jsonl', '{"problem": "How many?", "final": 7}\n{"problem": "How much?", "final": 8}');
    await expect(load({ train, test: train })).rejects.toMatchObject({
      name: 'InvalidData',
      message: expect.stringMatching(
        /^the test set has no usable row: 4 × row is none of the ReFT paper's .* row 1.*; columns found: problem, final$/,
      ),
    });
  });
});

describe('fields', () => {
  const csv =
    'problem,solution,final,number\r\n' +
    '"How many, in all?","Three and\r\nfour.","1,007",p1\r\n' +
    'How much?,All of it.,8.5,p2\r\n' +
    'What?,,9,p3\r\n' +
    'Who?,Anna.,Anna,p4\r\n';
  const fields = { question: 'problem', value: 'final', answer: 'solution', id: 'number' };

  it('name the columns of a CSV file', async () => {
    const test = write('test.tsv', 'problem\tfinal\nWhere?\t3\n');
    const sets = await load({ train: write('train.csv', csv), test, fields });
    expect(annotated(sets)).toEqual([
      {
        id: 'p1',
        question: 'How many, in all?',
        answer: 'Three and\r\nfour.\nTherefore, the answer is: 1,007',
        answerValue: 1007,
      },
      { id: 'p2', question: 'How much?', answer: 'All of it.\nTherefore, the answer is: 8.5', answerValue: 8.5 },
    ]);
    expect([...sets.test]).toEqual([{ id: 'test-1', question: 'Where?', answerValue: 3 }]);
    expect(sets.dropped).toEqual({
      'row lacks solution': { count: 1, examples: ['train.csv row 3: p3'] },
      'answer is not a number': { count: 1, examples: ['train.csv row 4: p4'] },
    });
  });

  it('reach into nested values, and put options below the question', async () => {
    const nested = { question: 'prompt', value: 'extra.answer', answer: 'extra.why', options: 'choices', id: 'uid' };
    const test = write(
      'choice.json',
      JSON.stringify([{ prompt: 'Which?', choices: 'a ) 1 , b ) 2', 'extra.answer': '(a)' }]),
    );
    const source = { train: parquet('nested.gzip.parquet'), test, fields: nested, answers: 'choice' };
    const sets = await load(source);
    expect(annotated(sets)).toEqual([
      {
        id: '2',
        question: 'Which is odd?\n2 , 6 , 7',
        answer: '7 is not 2 by anything.\nTherefore, the answer is: c',
        answerValue: 'c',
      },
      {
        id: '9007199254740993',
        question: 'Which is even?\n3 , 4 , 5',
        answer: '4 is 2 by 2.\nTherefore, the answer is: b',
        answerValue: 'b',
      },
    ]);
    expect([...sets.test]).toEqual([{ id: 'test-1', question: 'Which?\na ) 1 , b ) 2', answerValue: 'a' }]);
    expect(sets.answerKind).toBe('choice');
  });
});

describe('right answers', () => {
  const fields = { question: 'q', value: 'v', answer: 'why' };
  const rowsOf = (values: readonly (string | number)[]) =>
    values.map((v, index) => ({ q: `${index}?`, v, why: 'So.' }));
  const loadValues = (
    values: readonly (string | number)[],
    answers: string,
    comparison?: z.input<typeof comparisonSchema>,
  ) => {
    const train = write('values.json', JSON.stringify(rowsOf(values)));
    const test = write('test.json', JSON.stringify([{ q: 'x?', v: answers === 'choice' ? 'a' : '1' }]));
    return load({ train, test, fields, answers }, 'natural', comparison);
  };
  const valuesOf = (sets: QuestionSets) => annotated(sets).map(({ answerValue }) => answerValue);

  it('data-hex: what is no decimal number makes a bad row, unless texts are compared', async () => {
    const written = ['0x10', '0b11', '0o7', '3,5', '1,2345', 'Infinity', '1/2', '16', '3,500', '**7**'];
    const numbers = await loadValues(written, 'number');
    expect(new Set(valuesOf(numbers))).toEqual(new Set([16, 3500, 7]));
    expect(numbers.dropped).toMatchObject({ 'answer is not a number': { count: 7 } });
    const texts = await loadValues(written, 'text');
    expect(valuesOf(texts).sort()).toEqual([...written].sort());
    expect(texts.answerKind).toBe('text');
  });

  it('are read by the comparison of the reward', async () => {
    const written = ['1/2', '18%', '$1,800', '0x10', '3,5'];
    const reading = { name: 'numeric', fractions: true, percentages: 'share', currencies: true } as const;
    expect(valuesOf(await loadValues(written, 'number', reading))).toEqual([0.5, 0.18, 1800]);
    const comma = await loadValues(['3,5', '3.500', '3.5', 2.25, 4], 'number', {
      name: 'numeric',
      decimalMark: 'comma',
    });
    expect(annotated(comma).map(({ answer, answerValue }) => [answer?.split(': ')[1], answerValue])).toEqual([
      ['3,5', 3.5],
      ['3.500', 3500],
      ['2,25', 2.25],
      ['4', 4],
    ]);
  });

  it('data-option-index: the place of an option, where the mapping says that it is one', async () => {
    const options = ['10', '12', '15'];
    const load3 = (values: readonly unknown[], from: 0 | 1, answers: string, listed: unknown = options) => {
      const rows = values.map((v, index) => ({ q: `${index}?`, v, why: 'So.', o: listed }));
      const train = write('index.json', JSON.stringify(rows));
      const test = write('test.json', JSON.stringify([{ q: 'x?', v: 1, o: listed }]));
      return load({ train, test, fields: { ...fields, options: 'o', valueIndexFrom: from }, answers });
    };
    const letters = await load3([1, '0', 2.0, '1.0'], 0, 'choice');
    expect(valuesOf(letters)).toEqual(['b', 'a', 'c', 'b']);
    expect([...letters.test]).toEqual([{ id: 'test-1', question: 'x?\na ) 10 , b ) 12 , c ) 15', answerValue: 'b' }]);
    expect(annotated(letters)[0]?.answer).toBe('So.\nTherefore, the answer is: b');
    expect(valuesOf(await load3([1, 2, 3], 1, 'choice'))).toEqual(['a', 'b', 'c']);
    const numbers = await load3([1, 2], 0, 'number');
    expect(valuesOf(numbers)).toEqual([12, 15]);
    expect(annotated(numbers)[0]).toMatchObject({
      question: '0?\n10 , 12 , 15',
      answer: 'So.\nTherefore, the answer is: 12',
    });
    expect(valuesOf(await load3([1, 0], 0, 'text', ['New York', 'Rome']))).toEqual(['Rome', 'New York']);
    for (const listed of ['["10", "12"]', 'a ) 10 , b ) 12', '(A) 10\n(B) 12', '10\n12', ['A. 10', 'B. 12'], [10, 12]])
      expect(annotated(await load3([1, 0], 0, 'number', listed))[0]?.answerValue).toBe(12);
    const bad = await load3([1, 0, 3, -1, 'b', 1.5], 0, 'choice');
    expect(bad.dropped).toMatchObject({ 'v is no index of o': { count: 4 } });
    const lacking = { train: 'index.json', test: 'test.json', fields: { ...fields, valueIndexFrom: 0 } };
    expect(dataSchema.safeParse({ source: lacking }).error?.message).toContain('valueIndexFrom');
  });
});

describe('a wrong mapping of fields', () => {
  const rows = [
    {
      problem: 'How many?',
      solution: 'Three.',
      extra: { final: 3, tags: ['a'] },
      turns: [{ role: 'user', content: 'x' }],
    },
    { problem: 'How much?', solution: 'Four.', extra: { final: 4, tags: [] }, turns: [] },
  ];
  const found = 'problem, solution, extra.final, extra.tags, turns, turns.0.role, turns.0.content';

  it.each([
    [{ question: 'question', value: 'extra.final' }, 'question (data.source.fields.question)'],
    [
      { question: 'problem', value: 'final', id: 'uid' },
      'final (data.source.fields.value), uid (data.source.fields.id)',
    ],
    [{ question: 'problem', value: 'extra.final', answer: 'cot' }, 'cot (data.source.fields.answer)'],
    [
      { question: 'turns.1.content', value: 'extra.final', answer: 'solution' },
      'turns.1.content (data.source.fields.question)',
    ],
  ])('names the columns found: %j', async (fields, wrong) => {
    const train = write('mapped.jsonl', rows.map((one) => JSON.stringify(one)).join('\n'));
    await expect(load({ train, test: train, fields })).rejects.toMatchObject({
      name: 'InvalidData',
      message: `mapped.jsonl: no row has the column ${wrong}; columns found: ${found}`,
    });
  });

  it('is none where a row now and then lacks a column', async () => {
    const some = write(
      'some.jsonl',
      '{"q": "1?", "v": 1, "c": "x"}\n{"q": "2?", "v": 2}\n{"q": "3?", "v": 3, "c": "x"}\n',
    );
    const sets = await load({
      train: some,
      test: write('t.jsonl', '{"q": "4?", "v": 4}'),
      fields: { question: 'q', value: 'v', answer: 'c' },
    });
    expect(Object.keys(sets.dropped)).toEqual(['row lacks c']);
  });
});

describe('questions left out by id', () => {
  const fields = { question: 'q', value: 'v', answer: 'c', id: 'id' };
  const lines = (...ids: readonly string[]): string =>
    ids.map((id) => JSON.stringify({ id, q: `${id}?`, v: 1, c: 'x' })).join('\n');
  const loadWithout = (exclude: unknown) => {
    const source = {
      train: write('ids.jsonl', lines('a', 'b', 'c', 'd', '5')),
      test: write('more.jsonl', lines('x', 'y')),
      fields,
    };
    const data = dataSchema.parse({ source, exclude, cot: 'natural', validation: 1 });
    return loadQuestions({ ...sourceAccess(directory), data, seed: 1 });
  };

  it('as a list, of training and of test questions', async () => {
    const sets = await loadWithout(['b', 'x']);
    expect(annotated(sets).map(({ id }) => id)).toEqual(['5', 'a', 'c', 'd']);
    expect([...sets.test].map(({ id }) => id)).toEqual(['y']);
    expect(sets.dropped).toEqual({
      'excluded by data.exclude': { count: 2, examples: ['ids.jsonl row 2: b', 'more.jsonl row 1: x'] },
    });
  });

  it.each([
    ['lines', 'b\r\n\n  d\nelsewhere\n', 3],
    ['JSON texts and numbers', '["b", "d", 5]', 3],
    ['JSON records', '{"id": "b"}\n{"id": "d"}\n', 2],
    ['JSON texts, a line each', '"b"\n"d"\n', 2],
    ['lines behind a byte-order mark', '\ufeffb\nd', 2],
  ])('from a file: %s', async (_, content, rows) => {
    const name = write('leave-out.txt', content);
    const sets = await loadWithout(name);
    const left = annotated(sets).map(({ id }) => id);
    expect(left).toEqual(content.includes('5') ? ['a', 'c'] : ['5', 'a', 'c']);
    expect(sets.files[2]).toMatchObject({ name, rows });
  });

  it.each([
    [['b', 'z', 'w'], 'InvalidSpec', /data\.exclude: no row has the id "z", "w"$/],
    ['none.txt', 'InvalidData', /^none\.txt \(data\.exclude\): no row has an id of it, such as "z"$/],
    ['bad.txt', 'InvalidData', /^bad\.txt row 2: no id$/],
    ['empty.txt', 'InvalidData', /^empty\.txt \(data\.exclude\): it has no ids$/],
    ['nowhere.txt', 'InvalidData', /cannot read .*nowhere\.txt/],
  ])('and those that are not there are a mistake: %j', async (exclude, name, message) => {
    write('none.txt', 'z\n');
    write('empty.txt', '\n');
    write('bad.txt', '["b", {"name": "d"}]');
    await expect(loadWithout(exclude)).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
  });
});

it("the page's example is a specification", () => {
  const page = readFileSync(new URL('../../../activities/data/FORMATS.md', import.meta.url), 'utf8');
  const [example = ''] = [...page.matchAll(/```json\n([\s\S]*?)```/g)]
    .map(([, json = '']) => json)
    .filter((json) => json.includes('"fields"'));
  expect(resolveSpec(JSON.parse(example)).data.source).toMatchObject({ fields: { value: 'final_answer' } });
});
