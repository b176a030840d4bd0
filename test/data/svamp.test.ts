/** SVAMP as published, and what is said of folders and rows that are not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programFrom } from '../../activities/data/format.js';
import { loadSvamp } from '../../activities/data/svamp.js';
import { dataDirectory } from './dataDirectory.js';
import { hasPython, runPrograms } from './python.js';

const published = dataDirectory ?? 'REFT_DATA_DIR is not set';

describe.skipIf(dataDirectory === undefined)('published SVAMP', () => {
  const request = { seed: 1, validation: 50, directory: published } as const;

  it('loads programs without their docstrings', async () => {
    const { train, validation, test, dropped, answerKind } = await loadSvamp({ ...request, format: 'program' });
    expect(answerKind).toBe('number');
    expect(validation).toHaveLength(50);
    expect(train.length).toBeGreaterThan(1_000);
    expect(test.length).toBeGreaterThan(500);
    expect(Object.keys(dropped).filter((reason) => !reason.startsWith('question is in the'))).toEqual([]);
    for (const { answer = '' } of [...train, ...validation]) {
      expect(answer.startsWith('    ')).toBe(true);
      expect(answer.endsWith('\n    return result')).toBe(true);
      expect(answer).not.toContain('"""');
    }
  });

  it.skipIf(!hasPython)('keeps programs whose value is the annotated answer', async () => {
    const { train } = await loadSvamp({ ...request, format: 'program', train: 400 });
    const values = runPrograms(train.map(({ answer = '' }) => programFrom(answer)));
    for (const [index, { answerValue }] of train.entries())
      expect(Math.abs(Number(values[index]) - Number(answerValue))).toBeLessThanOrEqual(0.01);
  });

  it('ends natural chains with the published value', async () => {
    const { train } = await loadSvamp({ ...request, format: 'natural' });
    for (const { answer = '', answerValue } of train) {
      const [value, ...rest] = answer.split('\nTherefore, the answer is: ').reverse();
      expect(Number(value)).toBe(answerValue);
      expect(rest.length).toBeGreaterThan(0);
    }
  });

  it('shares no question between sets, and holds out by the seed', async () => {
    const one = await loadSvamp({ ...request, format: 'program' });
    const other = await loadSvamp({ ...request, format: 'program', seed: 2 });
    const sets = [one.train, one.validation, one.test].map((set) => new Set(set.map(({ question }) => question)));
    const [train, validation, test] = sets;
    expect([...(train ?? [])].filter((question) => validation?.has(question) || test?.has(question))).toEqual([]);
    expect([...(validation ?? [])].filter((question) => test?.has(question))).toEqual([]);
    expect(other.validation).not.toEqual(one.validation);
    expect(other.test).toEqual(one.test);
  });

  it('takes no more than the caps', async () => {
    const { train, test } = await loadSvamp({ ...request, format: 'program', train: 30, test: 20 });
    expect([train.length, test.length]).toEqual([30, 20]);
  });
});

describe('a folder of our own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reft-svamp-'));
  const row = (id: number, fields: object = {}): object => ({
    item_id: `svamp_${id}`,
    question: `What is ${id} and 1?`,
    answer_cot: `def solution():\n    """What is ${id} and 1 ?"""\n    result = ${id} + 1\n    return result`,
    answer_value: `${id + 1}.0`,
    ...fields,
  });
  const write = (name: string, content: string): void => writeFileSync(join(directory, 'svamp', name), content);
  const load = (validation = 2): ReturnType<typeof loadSvamp> =>
    loadSvamp({ seed: 0, validation, directory, format: 'program' });

  beforeAll(() => {
    mkdirSync(join(directory, 'svamp'));
    write('svamp_test_set.json', JSON.stringify([row(100), row(101, { answer_value: 'many' })]));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('has its unusable rows counted by reason', async () => {
    const rows = [
      ...[1, 2, 3, 4].map((id) => row(id)),
      row(1_000, { answer_value: '1,001' }),
      row(5, { answer_value: 'a lot' }),
      row(6, { answer_cot: '6 + 1 = 7' }),
      row(7, { question: 'what is 100 and 1 ?' }),
      { item_id: 'svamp_8' },
      'not a row',
    ];
    write('svamp_python_sdp.json', JSON.stringify(rows));
    const { train, validation, test, dropped } = await load();
    expect(train.length + validation.length).toBe(5);
    expect([...train, ...validation].map(({ answerValue }) => answerValue)).toContain(1001);
    expect(test).toHaveLength(1);
    expect(dropped).toEqual({
      'answer_value is not a number': 1,
      'answer_cot is not a solution() that returns result': 1,
      'question is in the test set': 1,
      'row lacks item_id, question, answer_cot or answer_value': 2,
      'test answer_value is not a number': 1,
    });
  });

  it('keeps repeats of a question on one side of the split', async () => {
    const rows = [1, 2, 3].flatMap((id) => [
      row(id),
      row(id, { item_id: `again_${id}`, question: `what is ${id} and 1` }),
    ]);
    write('svamp_python_sdp.json', JSON.stringify(rows));
    const { train, validation, dropped } = await load(1);
    expect([train.length, validation.length]).toEqual([4, 1]);
    expect(dropped['question is in the validation set']).toBe(1);
  });

  it('must leave something to train on', async () => {
    write('svamp_python_sdp.json', JSON.stringify([row(1), row(2)]));
    await expect(load(2)).rejects.toMatchObject({
      name: 'InvalidSpec',
      message: expect.stringContaining('(2), got 2'),
    });
  });

  it.each([
    ['no JSON', '{', /svamp_python_sdp\.json is not JSON/],
    ['no array', '{}', /expected a JSON array/],
    ['no usable row', '[{}]', /training set has no usable row/],
  ])('with %s is refused', async (_, content, message) => {
    write('svamp_python_sdp.json', content);
    await expect(load()).rejects.toMatchObject({ name: 'InvalidData', message: expect.stringMatching(message) });
  });

  it('that is missing is named with its variable', async () => {
    const missing = join(directory, 'nowhere');
    const request = { seed: 0, validation: 2, format: 'natural' } as const;
    await expect(loadSvamp({ ...request, directory: missing })).rejects.toMatchObject({
      name: 'InvalidData',
      message: expect.stringMatching(/nowhere\/svamp\/svamp_nl\.json \(ENOENT\).*REFT_DATA_DIR.*expected a JSON array/),
    });
    await expect(loadSvamp({ ...request, directory: undefined })).rejects.toThrow(/REFT_DATA_DIR is not set/);
  });
});
