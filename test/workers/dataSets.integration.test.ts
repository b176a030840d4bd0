/** `reft data inspect`, `split`, `mix` and `card`, as they are typed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { dataSpecOf } from '../../workers/command/loadDataSets.js';

const folder = mkdtempSync(join(tmpdir(), 'reft-data-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string, rows: number): string => {
  const path = join(folder, name);
  const lines = Array.from({ length: rows }, (_, id) => ({
    question: `${text} ${id}?`,
    answer: `So <<${id}=${id}>>.\n#### ${id}`,
  }));
  writeFileSync(path, [...lines.map((line) => JSON.stringify(line)), 'no row'].join('\n'));
  return path;
};
const pens = file('pens.jsonl', 'How many pens are', 60);
const cups = file('cups.jsonl', 'How many cups are', 30);

async function data(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['workers/bin/reft.js', 'data', ...args, '--cot', 'natural'],
    {
      env: { ...process.env, REFT_STATE_DIR: join(folder, 'state') },
    },
  );
  return stdout;
}
const rowsOf = (path: string): Record<string, string>[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('reft data', () => {
  it('tells what is in a file', async () => {
    const told = JSON.parse(await data('inspect', pens, '--json', '--samples', '1'));
    expect(told.train.questions + told.validation.questions + told.test.questions).toBe(60);
    expect(told.train.samples).toHaveLength(1);
    expect(told.train.questionTokens.least).toBeGreaterThan(3);
    expect(Object.values(told.dropped)).toEqual([{ count: 1, examples: [`${pens} row 61`] }]);
  });

  it('splits a file into files that are read again', async () => {
    const out = join(folder, 'split');
    const told = JSON.parse(await data('split', pens, '--test', '0.3', '--validation', '0.1', '--out', out, '--json'));
    expect(told.train + told.validation + told.test).toBe(60);
    const [train, test] = [rowsOf(join(out, 'train.jsonl')), rowsOf(join(out, 'test.jsonl'))];
    expect([train.length, test.length]).toEqual([told.train, told.test]);
    expect(train[0]).toMatchObject({ item_id: expect.stringMatching(/^train-/), answer_cot: 'So .' });
    expect(test[0]).not.toHaveProperty('answer_cot');
    await expect(data('split', pens, '--out', out)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--force'),
    });
  });

  it('mixes with weights, and writes a card', async () => {
    const out = join(folder, 'mixed');
    const told = JSON.parse(await data('mix', `${pens}=1`, `${cups}=3`, '--rows', '80', '--out', out, '--json'));
    expect(told.train).toBe(80);
    expect(rowsOf(join(out, 'train.jsonl')).filter(({ question }) => question?.includes('cups'))).toHaveLength(60);
    const card = await data('card', pens);
    expect(card).toMatch(
      /^# pens\.jsonl\n[\s\S]*\| train \| \d+ \| 0 \| 0 \| [\d.]+ \| [\d.]+ \|[\s\S]*## Left out\n\n- 1: /,
    );
  });
});

describe('what is asked for wrongly', () => {
  it.each([
    [['nothing'], {}, /nothing is neither a data set \(generated, .*nor a file/],
    [[pens], { test: '2' }, /source/],
    [[pens], { validation: 'x' }, /validation/],
    [[pens, `${cups}=2`], {}, /a weight for each part, or for none/],
  ])('%j %j', (named, options, message) => {
    expect(() => dataSpecOf(named, options)).toThrow(message);
  });
});
