/** Mixtures of data sets: weights, prompts, leaks between parts; and files that are split, drawn from or held out of by hash. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import { locateFiles } from '../../../workers/command/locateFiles.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { sourceAccess } from './sourceAccess.js';

const folder = mkdtempSync(join(tmpdir(), 'reft-mixture-'));
afterAll(() => rmSync(folder, { recursive: true }));
const row = (text: string, id: number) => JSON.stringify({ question: `${text} ${id}?`, answer: `So.\n#### ${id}` });
function write(name: string, text: string, from: number, to: number): void {
  mkdirSync(join(folder, 'gsm8k'), { recursive: true });
  writeFileSync(
    join(folder, name),
    Array.from({ length: to - from }, (_, index) => row(text, from + index)).join('\n'),
  );
}
write('gsm8k/train.jsonl', 'How many pens are', 0, 41);
write('gsm8k/test.jsonl', 'How many pens are', 100, 105);
write('cups.jsonl', 'How many cups are', 0, 20);
write('cupsTest.jsonl', 'How many cups are', 100, 103);

const load = (data: object, seed = 1) =>
  loadQuestions({ ...sourceAccess(folder), data: dataSchema.parse({ cot: 'natural', validation: 1, ...data }), seed });
const cups = { train: 'cups.jsonl', test: 'cupsTest.jsonl' };
const idsOf = (questions: Iterable<{ readonly id: string }>): string[] => [...questions].map(({ id }) => id);

describe('a mixture', () => {
  it('has all questions once where no weights are given', async () => {
    const sets = await load({ source: [{ source: 'gsm8k' }, { source: cups }] });
    expect(sets.train.length + sets.validation.length).toBe(61);
    expect(idsOf(sets.test)).toHaveLength(8);
    expect(idsOf(sets.test)).toContain('files/test-1');
    expect(sets.files.map(({ name }) => name)).toEqual([
      'gsm8k/train.jsonl',
      'gsm8k/test.jsonl',
      'cups.jsonl',
      'cupsTest.jsonl',
    ]);
    expect(sets.warnings).toEqual([
      expect.stringMatching(/^Training questions by source: \d+ of gsm8k \(\d+ there are\), \d+ of files/),
    ]);
  });

  it('takes of each part its weight: drawn by the seed, or repeated', async () => {
    const source = [
      { source: 'gsm8k', weight: 1, test: false },
      { source: cups, weight: 3, prompt: 'Think. {question}' },
    ];
    const sets = await load({ source, train: 80 });
    const ids = idsOf(sets.train);
    expect(ids).toHaveLength(80);
    expect(new Set(ids).size).toBe(80);
    expect(ids.filter((id) => id.startsWith('gsm8k/'))).toHaveLength(20);
    expect(ids.filter((id) => /^files\/train-\d+ #3$/.test(id)).length).toBeGreaterThan(15);
    expect(idsOf(sets.test)).toEqual(['files/test-1', 'files/test-2', 'files/test-3']);
    for (const { id, question } of [...sets.train, ...sets.test])
      expect(question.startsWith('Think. How')).toBe(id.startsWith('files/'));
    expect(idsOf((await load({ source, train: 80 })).train)).toEqual(ids);
    expect(idsOf((await load({ source, train: 80 }, 2)).train)).not.toEqual(ids);
  });

  it('tells parts of one name apart', async () => {
    const sets = await load({
      source: [{ source: cups }, { source: { ...cups, train: 'gsm8k/train.jsonl' }, test: false }],
    });
    expect(new Set(idsOf(sets.train).map((id) => id.split('/')[0]))).toEqual(new Set(['files-1', 'files-2']));
  });

  it('refuses what leaks from one part into another', async () => {
    const long =
      'Tom has 5 red pens and Ann has 7 blue cups on the big table in the old house, so how many things have';
    write('long.jsonl', `${long} they`, 0, 1);
    write('longTest.jsonl', `${long} both of them`, 0, 1);
    const source = [{ source: { ...cups, train: 'long.jsonl' } }, { source: { ...cups, test: 'longTest.jsonl' } }];
    await expect(load({ source })).rejects.toMatchObject({
      name: 'InvalidData',
      message: expect.stringMatching(/files-1\/train-1 is \d+ % files-2\/test-1.*data\.leakage/),
    });
    const sets = await load({ source, leakage: 'leaveOut' });
    expect(Object.keys(sets.dropped)).toEqual(['question nearly is a test question']);
  });

  it.each([
    [[], 'data.source'],
    [[{ source: 'generated' }], 'data.source'],
    [[{ source: 'gsm8k', weight: 1 }, { source: 'svamp' }], 'a weight for each part, or for none'],
    [[{ source: 'gsm8k', test: false }], 'a part whose test is not false'],
    [[{ source: 'gsm8k' }, { source: 'aqua' }], 'parts whose answers are of one kind'],
    [[{ source: 'gsm8k', prompt: 'no place' }], '{question}'],
  ])('%j is refused before any work', (source, message) => {
    expect(() => resolveSpec({ preset: 'svamp', data: { source } })).toThrow(message);
  });

  it('is found from where the specification lies', () => {
    const source = [{ source: { train: 'cups.jsonl', test: 0.2 } }];
    expect(locateFiles({ data: { source } }, { folder, why: 'here' })).toEqual({
      data: { source: [{ source: { train: join(folder, 'cups.jsonl'), test: 0.2 } }] },
    });
  });
});

describe('by hash', () => {
  it('a share of the file is for the test, and stays so when rows are added', async () => {
    const testOf = async (rows: number): Promise<string[]> => {
      write('whole.jsonl', 'How many cats are', 0, rows);
      const sets = await load({ source: { train: 'whole.jsonl', test: 0.3 } });
      expect(sets.train.length + sets.validation.length + sets.test.length).toBe(rows);
      return [...sets.test].map(({ question }) => question);
    };
    const few = await testOf(30);
    const many = await testOf(60);
    expect(few.length).toBeGreaterThan(2);
    expect(many.slice(0, few.length)).toEqual(few);
  });

  it('a share is held out for validation, and stays so', async () => {
    const heldOut = async (rows: number): Promise<string[]> => {
      write('whole.jsonl', 'How many cats are', 0, rows);
      const sets = await load({ source: { train: 'whole.jsonl', test: 'cupsTest.jsonl' }, validation: 0.3 });
      return [...sets.validation].map(({ question }) => question);
    };
    const few = await heldOut(30);
    const shares = await load({ source: { train: 'whole.jsonl', test: 0.4 }, validation: 0.4 });
    expect(shares.validation.length).toBeGreaterThan(2);
    expect((await heldOut(60)).slice(0, few.length)).toEqual(few);
    await expect(load({ source: cups, validation: 0.0001 })).rejects.toMatchObject({
      message: expect.stringContaining('data.validation: a share of 0.0001 holds out 0 of 20'),
    });
    expect(() => resolveSpec({ preset: 'demo', data: { validation: 0.1 } })).toThrow('data.validation');
  });

  it('training questions are drawn by the seed, the larger draw with all of the smaller', async () => {
    const drawn = async (train: number, seed: number): Promise<string[]> =>
      idsOf((await load({ source: 'gsm8k', pick: 'random', train }, seed)).train);
    const [five, ten, others] = [await drawn(5, 1), await drawn(10, 1), await drawn(5, 2)];
    expect(five).toHaveLength(5);
    expect(ten).toEqual(expect.arrayContaining(five));
    expect(others).not.toEqual(five);
    expect(idsOf((await load({ source: 'gsm8k', train: 5 })).train)).not.toEqual(five);
  });
});
