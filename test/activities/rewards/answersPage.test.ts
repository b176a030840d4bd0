/** The page "How answers are read": each row of its tables, read from the page, is what the code does. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Comparison, comparisonSchema } from '../../../activities/rewards/compareAnswers.js';
import { extractFromText, readAnswer } from '../../../activities/rewards/extractAnswer.js';
import { extractions, type StatedExtraction } from '../../../activities/rewards/statedAnswers.js';

const page = readFileSync(new URL('../../../activities/rewards/ANSWERS.md', import.meta.url), 'utf8');

/** Rows of the table whose head begins with these cells; a dash is null, `\n` a line break. */
function rowsOf(...head: readonly string[]): readonly (readonly (string | null)[])[] {
  const [, ...lines] = (page.split(`| ${head.join(' | ')} |`)[1] ?? '').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(1, end).map((line) =>
    line
      .split(' | ')
      .map((cell) => cell.replace(/^\| | \|$/g, ''))
      .map((cell) => (cell === '–' ? null : cell.replace(/^`|`$/g, '').replaceAll('\\n', '\n'))),
  );
}

const comparisonOf = (name: string, options = {}): Comparison => comparisonSchema.parse({ name, ...options });
const said = (value: number | string | null): string | null => (value === null ? null : String(value));

describe('where the answer stands', () => {
  const rows = rowsOf('extraction', 'a response', 'read as');
  it('has rows for every extraction of texts', () => {
    const named = new Set(rows.map(([name]) => name));
    expect([...named, 'program'].sort()).toEqual([...extractions].sort());
  });
  it.each(rows)('%s: %j is %j', (name, response, expected) => {
    const extraction = name as StatedExtraction;
    const kind = extraction === 'choice-letter' ? 'choice' : 'number';
    expect(said(extractFromText(String(response), kind, { extraction }).value)).toBe(expected);
  });
});

describe('what it is', () => {
  const names = ['numeric', 'choice', 'exact', 'text'];
  const rows = rowsOf('written', ...names.map((name) => `\`${name}\``));
  it('has many rows', () => expect(rows.length).toBeGreaterThan(15));
  it.each(rows)('%j is %j as a number, %j as an option, %j and %j as text', (written, ...expected) => {
    expect(names.map((name) => said(readAnswer(String(written), comparisonOf(name))))).toEqual(expected);
  });
});

describe('more is read where it is asked for', () => {
  const rows = rowsOf('written', 'options of `numeric`', 'read as');
  it('has a row for every option', () => {
    for (const option of ['fractions', 'percentages', 'currencies', 'decimalMark'])
      expect(rows.some(([, options]) => options?.includes(option))).toBe(true);
  });
  it.each(rows)('%j with %s is %j', (written, options, expected) => {
    const comparison = comparisonOf('numeric', JSON.parse(String(options)));
    expect(said(readAnswer(String(written), comparison))).toBe(expected);
  });
});
