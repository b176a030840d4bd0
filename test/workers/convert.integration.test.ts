/** `reft data convert`, as it is typed: what is kept, what is not and why, and that a run could read the result. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paperRows } from '../../activities/data/rows/paper.js';
import { defaultComparison } from '../../activities/rewards/compareAnswers.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reft-convert-'));
  for (const set of ['gsm8k', 'mathqa']) mkdirSync(join(folder, set));
  const gsm8k = [
    { question: 'Ana has 3 boxes of 12 rolls. How many?', answer: 'Ana has 3*12=<<3*12=36>>36 rolls.\n#### 36' },
    { question: 'Five "pens" more than "six"', answer: 'She has <<6+5=11>>11 pens.\n#### 11' },
    { question: 'Solve x.', answer: 'x is 4.\n#### 4' },
    { question: 'Wrong link.', answer: 'It costs 60*2=<<60*2=120>>120.\nIt is 10*100=$1920\n#### 1920' },
  ];
  writeFileSync(join(folder, 'gsm8k/train.jsonl'), gsm8k.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const options = 'a ) 163 , b ) 286 , c ) 364 boys , d ) 13 : 2 , e ) none of these';
  const row = (annotated_formula: string, correct: string) => ({
    Problem: 'how many ?',
    Rationale: '"650 and 44"',
    options,
    correct,
    annotated_formula,
  });
  const mathqa = [
    row('divide(multiply(650, subtract(const_100, 44)), const_100)', 'c'),
    row('divide(650, const_100)', 'd'),
    row('multiply(7.1, 23)', 'a'),
    row('add(650, 44)', 'a'),
  ];
  writeFileSync(join(folder, 'mathqa/dev.json'), JSON.stringify(mathqa));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function convert(...args: readonly string[]) {
  const { stdout } = await promisify(execFile)(process.execPath, ['workers/bin/reft.js', 'data', 'convert', ...args], {
    env: { ...process.env, REFT_DATA_DIR: folder, REFT_STATE_DIR: join(folder, 'state') },
  });
  return stdout;
}

function written(out: string): Record<string, string>[] {
  return readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('reft data convert', () => {
  it('makes programs of GSM8K’s notes, and counts what it leaves out', async () => {
    const out = join(folder, 'gsm8k.jsonl');
    expect(JSON.parse(await convert('gsm8k', '--to', 'p-cot', '--out', out, '--json'))).toEqual({
      rows: 4,
      kept: 2,
      reasons: { 'chain of thought has no calculator notes': 1, 'program of the row gives another answer': 1 },
    });
    const rows = written(out);
    expect(rows.map(({ answer_cot }) => answer_cot)).toEqual([
      'def solution():\n    """Ana has 3 boxes of 12 rolls. How many?"""\n    rolls = 3 * 12\n    result = rolls\n    return result',
      'def solution():\n    pens = 6 + 5\n    result = pens\n    return result',
    ]);
    // As `data.source` would read them.
    for (const row of rows) {
      const request = {
        kind: 'number',
        comparison: defaultComparison('number'),
        annotation: 'program',
        id: '',
        refuse: () => null,
      } as const;
      expect(paperRows.read(row, request)).toMatchObject({
        question: { answer: expect.stringContaining('result = ') },
      });
    }
    await expect(convert('gsm8k', '--to', 'p-cot', '--out', out)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--force replaces it'),
    });
  });

  it('makes programs of MathQA’s formulas that name the nearest option', async () => {
    const out = join(folder, 'mathqa.jsonl');
    expect(JSON.parse(await convert('mathqa', '--to', 'p-cot', '--out', out, '--json'))).toEqual({
      rows: 4,
      kept: 3,
      reasons: { 'program of the row gives another answer': 1 },
    });
    const [first, second] = written(out);
    expect(first?.answer_cot).toContain(
      [
        '    difference = 100 - 44',
        '    product = 650 * difference',
        '    value = product / 100',
        "    options = {'a': 163, 'b': 286, 'c': 364, 'd': 13 / 2}",
        '    nearest = min(options, key=lambda letter: abs(options[letter] - value))',
        "    result = nearest if abs(options[nearest] - value) <= 0.05 * abs(value) else 'none of these'",
        '    return result',
      ].join('\n'),
    );
    expect(second?.answer_value).toBe('d');
  });

  it('makes programs of ASDiv’s equations', async () => {
    const problem = (id: number, answer: string, formula: string): string =>
      `<Problem ID="nluds-${id}" Grade="1" Source="x"><Body>Tom has 7 red apples and 2 pears.</Body><Question>How many?</Question><Solution-Type>Addition</Solution-Type><Answer>${answer}</Answer><Formula>${formula}</Formula></Problem>`;
    const problems = [problem(1, '9 (fruits)', '7+2=9'), problem(2, '9', '7-2=5'), problem(3, '9; 2', '7+2=9')];
    mkdirSync(join(folder, 'asdiv'));
    writeFileSync(
      join(folder, 'asdiv/ASDiv.xml'),
      `<?xml version="1.0" encoding="UTF-8"?>\n<Machine-Reading-Corpus-File><ProblemSet>${problems.join('')}</ProblemSet></Machine-Reading-Corpus-File>`,
    );
    const out = join(folder, 'asdiv.jsonl');
    expect(JSON.parse(await convert('asdiv', '--to', 'p-cot', '--out', out, '--json'))).toEqual({
      rows: 3,
      kept: 1,
      reasons: { 'row has several answers': 1, 'program of the row gives another answer': 1 },
    });
    expect(written(out)[0]?.answer_cot).toContain(
      '    red_apples = 7\n    pears = 2\n    result = red_apples + pears\n',
    );
  });

  it('makes words, and tells what it did', async () => {
    const out = join(folder, 'words.jsonl');
    const told = await convert('gsm8k', '--to', 'n-cot', '--out', out, '--file', join(folder, 'gsm8k/train.jsonl'));
    expect(told).toMatch(/^4 of 4 rows \(100\.0 %\) in .*words\.jsonl/);
    expect(written(out)[0]).toEqual({
      item_id: 'train-1',
      question: 'Ana has 3 boxes of 12 rolls. How many?',
      answer_value: '36',
      answer_cot: 'Ana has 3*12=36 rolls.',
    });
    await expect(convert('svamp', '--to', 'p-cot', '--out', out)).rejects.toMatchObject({ code: 2 });
    await expect(convert('gsm8k', '--to', 'p-cot', '--out', `${out}2`, '--file', 'missing')).rejects.toMatchObject({
      stderr: expect.stringContaining('missing is not there'),
    });
  });
});
