/** Data sets as their authors publish them, and what is said of folders and rows that are not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Question, QuestionSets } from '../../../activities/data/questions.js';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import { createSandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { dataDirectory } from './dataDirectory.js';
import { sourceAccess } from './sourceAccess.js';

const sandbox = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256 });
afterAll(() => sandbox.close());

const load = (directory: string | undefined, data: object, seed = 1): Promise<QuestionSets> =>
  loadQuestions({ ...sourceAccess(directory, sandbox), data: dataSchema.parse({ validation: 1, ...data }), seed });
const annotated = ({ train, validation }: QuestionSets): Question[] => [...train, ...validation];
const refusal = (message: RegExp, name = 'InvalidData') => ({ name, message: expect.stringMatching(message) });

describe.skipIf(dataDirectory === undefined)('published files load whole', () => {
  // Copies of these folders hold more or less of the test sets.
  it.each([
    [{ source: 'svamp' }, 'svamp/svamp_python_sdp.json', 3_043, 'svamp/svamp_test_set.json', 700],
    [{ source: 'svamp', cot: 'natural' }, 'svamp/svamp_nl.json', 3_076, 'svamp/svamp_test_set.json', 700],
    [{ source: 'gsm8k', cot: 'natural' }, 'gsm8k/train.jsonl', 7_473, 'gsm8k/gsm8k_test_set.json', 1_000],
    [
      { source: { train: 'gsm8k/train.jsonl', test: 'gsm8k/test.jsonl' }, cot: 'natural' },
      'gsm8k/train.jsonl',
      7_473,
      'gsm8k/test.jsonl',
      1_000,
    ],
    [{ source: 'mathqa', cot: 'natural' }, 'mathqa/dev.json', 4_475, 'mathqa/mathqa_test_set.json', 1_000],
  ])('%j', async (data, trainFile, trainRows, testFile, testRows) => {
    const sets = await load(dataDirectory, { ...data, validation: 50 });
    expect(sets.files).toMatchObject([{ name: trainFile, rows: trainRows }, { name: testFile }]);
    const tested = sets.files[1]?.rows ?? 0;
    expect(tested).toBeGreaterThanOrEqual(testRows);
    expect(sets.test).toHaveLength(tested);
    // Nothing is left out but repeats of held-out questions.
    const repeats = sets.dropped['question is in the validation set']?.count ?? 0;
    expect(annotated(sets)).toHaveLength(trainRows - repeats);
    expect(Object.keys(sets.dropped)).toHaveLength(repeats > 0 ? 1 : 0);
  });

  it('MathQA as numbers, but for options that state none', async () => {
    const sets = await load(dataDirectory, { source: 'mathqa-numeric', cot: 'natural' });
    const [train, test] = sets.files;
    expect(train).toMatchObject({ name: 'mathqa/dev.json', rows: 4_475 });
    expect(test?.rows).toBeGreaterThanOrEqual(1_000);
    expect(sets.test).toHaveLength(test?.rows ?? 0);
    const dropped = Object.values(sets.dropped).reduce((sum, { count }) => sum + count, 0);
    expect(annotated(sets).length + dropped).toBe(4_475);
    expect(sets.dropped['right option is not a number']?.count).toBeLessThan(300);
  });

  it("MathQA's formulas as programs, each run and right", async () => {
    const sets = await load(dataDirectory, { source: 'mathqa' });
    const dropped = Object.values(sets.dropped).reduce((sum, { count }) => sum + count, 0);
    expect(annotated(sets).length + dropped).toBe(4_475);
    expect(annotated(sets).length).toBeGreaterThan(2_500);
    expect(sets.answerKind).toBe('choice');
  });

  it('has no calculator note left in a chain, and ends each in its value', async () => {
    for (const { answer = '', answerValue } of annotated(
      await load(dataDirectory, { source: 'gsm8k', cot: 'natural' }),
    )) {
      expect(answer).not.toMatch(/<<|>>|####/);
      expect(Number(answer.split('\nTherefore, the answer is: ')[1])).toBe(answerValue);
    }
  });

  it('keeps SVAMP programs without their docstrings', async () => {
    for (const { answer = '' } of annotated(await load(dataDirectory, { source: 'svamp' }))) {
      expect(answer).toMatch(/^ {4}\S[\s\S]*\n {4}return result$/);
      expect(answer).not.toContain('"""');
    }
  });

  it('shares no question between sets, and holds out by the seed', async () => {
    const data = { source: 'svamp', validation: 50 };
    const [one, other] = [await load(dataDirectory, data, 1), await load(dataDirectory, data, 2)];
    const [train, validation, test] = [one.train, one.validation, one.test].map(
      (set) => new Set([...set].map(({ question }) => question)),
    );
    expect([...(train ?? [])].filter((question) => validation?.has(question) || test?.has(question))).toEqual([]);
    expect([...(validation ?? [])].filter((question) => test?.has(question))).toEqual([]);
    expect([...other.validation]).not.toEqual([...one.validation]);
    expect([...other.test]).toEqual([...one.test]);
  });

  it('takes no more than the caps', async () => {
    const { train, test } = await load(dataDirectory, { source: 'svamp', train: 30, test: 20 });
    expect([train.length, test.length]).toEqual([30, 20]);
  });
});

describe('a folder of our own', () => {
  const root = mkdtempSync(join(tmpdir(), 'reft-sets-'));
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(root, 'set-'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const write = (name: string, content: unknown): void => {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  };
  const row = (id: number, fields: object = {}): object => ({
    item_id: `svamp_${id}`,
    question: `What is ${id} and 1?`,
    answer_cot: `def solution():\n    """What is ${id} and 1 ?"""\n    result = ${id} + 1\n    return result`,
    answer_value: `${id + 1}.0`,
    ...fields,
  });
  const test = (...rows: object[]): void => write('svamp/svamp_test_set.json', rows.length > 0 ? rows : [row(100)]);

  describe('in the form of the ReFT paper', () => {
    it('has its unusable rows counted and named by reason', async () => {
      test(row(100), row(101, { answer_value: 'many' }));
      write('svamp/svamp_python_sdp.json', [
        ...[1, 2, 3, 4].map((id) => row(id)),
        row(1_000, { answer_value: '1,001' }),
        row(5, { answer_value: 'a lot' }),
        row(6, { answer_cot: '6 + 1 = 7' }),
        row(7, { question: 'what is 100 and 1 ?' }),
        { item_id: 'svamp_8' },
        row(9, { answer_cot: '' }),
        'not a row',
      ]);
      const sets = await load(directory, { source: 'svamp' });
      expect(annotated(sets).map(({ answerValue }) => answerValue)).toHaveLength(5);
      expect(annotated(sets).map(({ answerValue }) => answerValue)).toContain(1001);
      expect(sets.test).toHaveLength(1);
      const file = 'svamp/svamp_python_sdp.json row';
      const [ofNoForm = ''] = Object.keys(sets.dropped).filter((reason) => reason.startsWith('row is none of'));
      expect(sets.dropped).toEqual({
        'answer is not a number': {
          count: 2,
          examples: [`${file} 6: svamp_5`, 'svamp/svamp_test_set.json row 2: svamp_101'],
        },
        'answer_cot is not a solution() that returns its result': { count: 1, examples: [`${file} 7: svamp_6`] },
        'question is in the test set': { count: 1, examples: ['svamp_7'] },
        'row lacks item_id, question or answer_value': { count: 1, examples: [`${file} 9: svamp_8`] },
        'row lacks answer_cot': { count: 1, examples: [`${file} 10: svamp_9`] },
        [ofNoForm]: { count: 1, examples: [`${file} 11`] },
      });
    });

    it('names the first few of many unusable rows', async () => {
      test();
      write('svamp/svamp_python_sdp.json', [row(1), row(2), ...Array.from({ length: 40 }, () => 'x'.repeat(1_000))]);
      const [dropped] = Object.values((await load(directory, { source: 'svamp' })).dropped);
      expect(dropped?.count).toBe(40);
      expect(dropped?.examples).toHaveLength(5);
    });

    it('keeps repeats of a question on one side of the split', async () => {
      test();
      const again = (id: number) => row(id, { item_id: `again_${id}`, question: `what is ${id} and 1` });
      write(
        'svamp/svamp_python_sdp.json',
        [1, 2, 3].flatMap((id) => [row(id), again(id)]),
      );
      const { train, validation, dropped } = await load(directory, { source: 'svamp' });
      expect([train.length, validation.length]).toEqual([4, 1]);
      expect(dropped['question is in the validation set']?.count).toBe(1);
    });

    it('may lie flat, as in the repository of the paper', async () => {
      write('svamp_test_set.json', [row(100)]);
      write('svamp_python_sdp.json', [row(1), row(2)]);
      expect((await load(directory, { source: 'svamp' })).files.map(({ name }) => name)).toEqual([
        'svamp_python_sdp.json',
        'svamp_test_set.json',
      ]);
    });

    it('carries the options of a choice in its question, and a letter as its answer', async () => {
      const question = 'how many ?\na ) 4 , b ) 5 , c ) 6 , d ) 7 , e ) 8';
      const choice = (id: number, value: string) => ({
        item_id: `mathqa_${id}`,
        question: `${id} : ${question}`,
        answer_cot: 'two and two',
        answer_value: value,
      });
      write('mathqa/mathqa_nl.json', [choice(1, 'a'), choice(2, '"B"'), choice(3, 'all of them')]);
      write('mathqa/mathqa_test_set.json', [choice(4, 'c')]);
      const sets = await load(directory, { source: 'mathqa', cot: 'natural' });
      expect(
        annotated(sets)
          .map(({ answerValue }) => answerValue)
          .sort(),
      ).toEqual(['a', 'b']);
      expect(annotated(sets)[0]?.answer).toMatch(/^two and two\nTherefore, the answer is: ("B"|a)$/);
      expect([...sets.test][0]?.question).toBe(`4 : ${question}`);
      expect(sets.answerKind).toBe('choice');
      expect(sets.dropped).toMatchObject({ 'answer is not an option letter': { count: 1 } });
    });
  });

  describe('in the form of GSM8K', () => {
    const lines = (...rows: object[]): string => rows.map((one) => `${JSON.stringify(one)}\n`).join('');
    const chain = 'She has 3 * 400 = <<3*400=1200>>1,200 pens, as 3 < 400.\nThat is all.';

    it('loses its calculator notes and the commas of its value', async () => {
      write('gsm8k/train.jsonl', lines({ question: 'How many pens?', answer: `${chain}\n#### 1,200` }, row(1)));
      write('gsm8k/test.jsonl', lines({ question: 'How many boxes?', answer: 'Three.\n#### 3' }));
      const sets = await load(directory, { source: 'gsm8k', cot: 'natural' });
      const question = annotated(sets).find(({ id }) => id === 'train-1');
      expect(question).toEqual({
        id: 'train-1',
        question: 'How many pens?',
        answer: 'She has 3 * 400 = 1,200 pens, as 3 < 400.\nThat is all.\nTherefore, the answer is: 1200',
        answerValue: 1200,
      });
      expect([...sets.test]).toEqual([{ id: 'test-1', question: 'How many boxes?', answerValue: 3 }]);
    });

    it('has its unusable rows counted by reason', async () => {
      const usable = [1, 2].map((id) => ({ question: `${id}?`, answer: `So.\n#### ${id}` }));
      const unusable = [
        { question: '3?', answer: 'No mark' },
        { question: '4?', answer: 'So.\n#### four' },
        { question: '5?', answer: '<<5=5>>\n#### 5' },
        { question: ' ', answer: 'So.\n#### 6' },
        { question: 7, answer: 'So.\n#### 7' },
      ];
      write('gsm8k/train.jsonl', `${lines(...usable, ...unusable)}{"question": "cut`);
      write('gsm8k/test.jsonl', lines({ question: 'How many?', answer: 'Three.\n#### 3' }));
      const { dropped } = await load(directory, { source: 'gsm8k', cot: 'natural' });
      expect(Object.values(dropped).map(({ examples }) => examples[0])).toEqual(
        [3, 4, 5, 6, 7, 8].map((number) => `gsm8k/train.jsonl row ${number}`),
      );
      expect(Object.keys(dropped)).toEqual([
        'answer has no #### before its value',
        'answer is not a number',
        'answer has no chain of thought before its value',
        'row lacks question or answer',
        expect.stringMatching(/^row is none of/),
        'line is not JSON',
      ]);
    });

    it('has programs made of its notes', async () => {
      const answers = ['5+1 = <<5+1=6>>6 hens\n#### 6', 'So.\n#### 7', '<<2*4=8>>8 hens, so <<8-1=7>>7 eggs\n#### 7'];
      write('gsm8k/train.jsonl', lines(...answers.map((answer, index) => ({ question: `${index}?`, answer }))));
      write('gsm8k/test.jsonl', lines({ question: 'How many?', answer: 'Three.\n#### 3' }));
      const { train, validation, dropped } = await load(directory, { source: 'gsm8k' });
      expect([...train, ...validation].map(({ answer }) => answer).sort()).toEqual([
        '    hens = 2 * 4\n    eggs = hens - 1\n    result = eggs\n    return result',
        '    hens = 5 + 1\n    result = hens\n    return result',
      ]);
      expect(Object.keys(dropped)).toEqual(['chain of thought has no calculator notes']);
    });
  });

  it('that is in one piece is split by hash, and rows stay where they are', async () => {
    const mawps = (id: number) => ({
      iIndex: id,
      sQuestion: `Tom has ${id} pens and finds 3.0 pens. How many?`,
      lEquations: [`X=(${id}.0+3.0)`],
      lSolutions: [id + 3],
    });
    const splits: Record<string, string>[] = [];
    for (const many of [40, 80]) {
      write(
        'mawps/mawps.json',
        Array.from({ length: many }, (_, id) => mawps(id)),
      );
      const sets = await load(directory, { source: 'mawps' });
      const train = annotated(sets).map(({ id }): [string, string] => [id, 'train']);
      const test = [...sets.test].map(({ id }): [string, string] => [id, 'test']);
      expect(train.length + test.length).toBe(many);
      expect(test.length).toBeGreaterThan(0);
      splits.push(Object.fromEntries([...train, ...test]));
    }
    expect(splits[1]).toMatchObject(splits[0] ?? {});
  });

  it('says where there would be chains of thought of the other form', async () => {
    write('svamp/svamp_nl.json', '[]');
    await expect(load(directory, { source: 'svamp' })).rejects.toMatchObject(
      refusal(
        /svamp has no training file with programs in .*looked for svamp\/svamp_python_sdp\.json, svamp_python_sdp\.json, svamp\/train\.csv; with data\.cot natural, svamp\/svamp_nl\.json would do/,
      ),
    );
  });

  describe('in the form of MathQA', () => {
    const mathqa = (fields: object = {}): object => ({
      Problem: 'in a school of 650 boys , 44 % play . how many do not play ?',
      Rationale: '"100 - 44 = 56 , 56 % of 650 is 364 . answer : c"',
      options: 'a ) 163 , b ) 286 , c ) 364 boys , d ) 1,117 , e ) none of these',
      correct: 'c',
      annotated_formula: 'divide(multiply(650, subtract(const_100, 44)), const_100)',
      linear_formula: 'subtract(const_100,n1)|multiply(n0,#0)|divide(#1,const_100)|',
      category: 'gain',
      ...fields,
    });
    const other = mathqa({
      Problem: 'what is the double of the sum of 4 and 5 , times that sum ?',
      options: "['a ) 162', 'b ) 81', 'c ) 18', 'd ) 9', 'e ) 0']",
      correct: 'a',
      annotated_formula: 'multiply(multiply(const_2, add(4, 5)), add(4, 5))',
    });
    beforeEach(() => write('mathqa/test.json', [mathqa({ Problem: 'something else ?' })]));

    it('is a choice among options, or a number', async () => {
      write('mathqa/train.json', [mathqa(), other]);
      const choice = await load(directory, { source: 'mathqa', cot: 'natural' });
      expect(annotated(choice).find(({ id }) => id === 'train-1')).toEqual({
        id: 'train-1',
        question:
          'in a school of 650 boys , 44 % play . how many do not play ?\n' +
          'a ) 163 , b ) 286 , c ) 364 boys , d ) 1,117 , e ) none of these',
        answer: '100 - 44 = 56 , 56 % of 650 is 364 . answer : c\nTherefore, the answer is: c',
        answerValue: 'c',
      });
      expect(annotated(choice).find(({ id }) => id === 'train-2')?.question).toMatch(/\na \) 162 , b \) 81 , /);
      const numeric = await load(directory, { source: 'mathqa-numeric', cot: 'natural' });
      expect(annotated(numeric).find(({ id }) => id === 'train-1')).toMatchObject({
        question: 'in a school of 650 boys , 44 % play . how many do not play ?',
        answerValue: 364,
      });
      expect(numeric.answerKind).toBe('number');
    });

    it('makes programs of formulas', async () => {
      write('mathqa/train.json', [mathqa(), other]);
      const numeric = await load(directory, { source: 'mathqa-numeric' });
      expect(annotated(numeric).map(({ answer }) => answer)).toEqual(
        expect.arrayContaining([
          '    difference = 100 - 44\n    product = 650 * difference\n    result = product / 100\n    return result',
          '    total = 4 + 5\n    product = 2 * total\n    result = product * total\n    return result',
        ]),
      );
      const choice = await load(directory, { source: 'mathqa' });
      expect(annotated(choice).find(({ id }) => id === 'train-1')?.answer).toBe(
        [
          '    difference = 100 - 44',
          '    product = 650 * difference',
          '    value = product / 100',
          "    options = {'a': 163, 'b': 286, 'c': 364, 'd': 1117}",
          '    nearest = min(options, key=lambda letter: abs(options[letter] - value))',
          "    result = nearest if abs(options[nearest] - value) <= 0.05 * abs(value) else 'none of these'",
          '    return result',
        ].join('\n'),
      );
    });

    it('has its unusable rows counted by reason', async () => {
      const unusable = [
        mathqa({ options: 'a ) 1 , b ) 2' }),
        mathqa({ correct: 'f' }),
        mathqa({ correct: undefined }),
        mathqa({ correct: 'e' }),
        mathqa({ annotated_formula: 'speed_after_gain(14, 650)' }),
        mathqa({ annotated_formula: 'add(650, 44' }),
        mathqa({ annotated_formula: 'add(650, 44)' }),
        mathqa({ annotated_formula: 'divide(650, subtract(44, 44))' }),
        mathqa({ annotated_formula: 'constructor(650)' }),
      ];
      write('mathqa/train.json', [mathqa(), other, ...unusable]);
      const place = (number: number) => `mathqa/train.json row ${number}`;
      expect((await load(directory, { source: 'mathqa-numeric' })).dropped).toEqual({
        'options are not five, a to e, with the right one among them': { count: 2, examples: [place(3), place(4)] },
        'row lacks Problem, options or correct': { count: 1, examples: [place(5)] },
        'right option is not a number': { count: 1, examples: [place(6)] },
        'annotated_formula has no Python': { count: 3, examples: [place(7), place(8), place(11)] },
        'program of the row gives another answer': { count: 1, examples: [place(9)] },
        'program of the row fails (exception)': { count: 1, examples: [place(10)] },
      });
    });
  });

  describe('that is not right', () => {
    it('must leave something to train on', async () => {
      test();
      write('svamp/svamp_python_sdp.json', [row(1), row(2)]);
      await expect(load(directory, { source: 'svamp', validation: 2 })).rejects.toMatchObject(
        refusal(/\(2\), got 2/, 'InvalidSpec'),
      );
    });

    it.each([
      ['no JSON', '{', /svamp_python_sdp\.json cannot be read: it holds neither a JSON array nor JSON Lines/],
      ['no array', '{}', /training set has no usable row: 1 × row is none of .*; columns found: none$/],
      ['no usable row', '[{}]', /training set has no usable row: 1 × row is none of .*svamp_python_sdp\.json row 1/],
      ['no row at all', '[]', /svamp_python_sdp\.json has no rows/],
    ])('with %s is refused', async (_, content, message) => {
      test();
      write('svamp/svamp_python_sdp.json', content);
      await expect(load(directory, { source: 'svamp' })).rejects.toMatchObject(refusal(message));
    });

    it('without a file names the folder and the file', async () => {
      write('svamp/svamp_nl.json', [row(1)]);
      await expect(load(directory, { source: 'svamp', cot: 'natural' })).rejects.toMatchObject(
        refusal(
          new RegExp(`svamp has no test file in ${directory} \\(REFT_DATA_DIR\\): looked for svamp/svamp_test_set`),
        ),
      );
      await expect(load(join(directory, 'nowhere'), { source: 'gsm8k', cot: 'natural' })).rejects.toMatchObject(
        refusal(/gsm8k has no training file .* in .*nowhere \(REFT_DATA_DIR\): looked for .*gsm8k\/train\.jsonl$/),
      );
      await expect(load(undefined, { source: 'mathqa' })).rejects.toThrow(/REFT_DATA_DIR is not set: .*mathqa/);
    });
  });
});
