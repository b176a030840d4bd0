/** ASDiv's XML, typed after the published file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fileAccess, readDataFile } from '../sourceAccess.js';

const folder = mkdtempSync(join(tmpdir(), 'reft-xml-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (text: string, name = 'ASDiv.xml') => {
  writeFileSync(join(folder, name), text);
  return readDataFile(name, fileAccess(folder));
};
const problem = (id: number): string =>
  `<Problem ID="nluds-${id}" Grade="1"><Body>Tom &amp; Ann have <b>7</b> &lt; 8.</Body>\n<Question>How many?</Question><Answer>9 (apples)</Answer><Formula>7+2=9</Formula></Problem>`;
const corpus = (...problems: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Machine-Reading-Corpus-File><ProblemSet>${problems.join('\n')}</ProblemSet></Machine-Reading-Corpus-File>`;

it('gives a row a problem', async () => {
  const { rows } = await read(corpus(problem(1), problem(2)));
  expect(rows.map(({ row }) => row)).toEqual([1, 2]);
  expect(rows[0]).toEqual({
    row: 1,
    value: {
      ID: 'nluds-1',
      Grade: '1',
      Body: 'Tom & Ann have 7 < 8.',
      Question: 'How many?',
      Answer: '9 (apples)',
      Formula: '7+2=9',
    },
  });
});

it.each([
  [corpus(problem(1)).slice(0, -20), /cannot be read as xml/],
  ['<?xml version="1.0"?><a/>', /has no rows/],
  [
    `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a><Problem><Body>&b;</Body></Problem></a>`,
    /cannot be read as xml/,
  ],
  [`<a>${' '.repeat(6 * 2 ** 20)}</a>`, /has no Problem elements/],
])('refuses what is none', async (text, message) => {
  await expect(read(text)).rejects.toMatchObject({ name: 'InvalidData', message: expect.stringMatching(message) });
});
