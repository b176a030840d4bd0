/** Files of rows, in every format, from the file to the questions made of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import { at } from '../../../activities/invariant.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { sourceAccess } from '../../activities/data/sourceAccess.js';
import type { RandomNumbers } from '../../support/randomNumbers.js';
import { hostileJson, mutatedBytes, mutatedText, oneOf } from '../mutate.js';
import type { Target } from '../target.js';

const rows: readonly object[] = [
  { question: 'What is 5 + 3?', answer: 'Five and three are 8.\n#### 8', value: 8 },
  { item_id: 'svamp_1', question: 'How many?', answer_cot: 'Two. Therefore, the answer is: 2', answer_value: 2.0 },
  { question: 'Natalia sold <<48/2=24>>24 clips.', answer: '48/2 = <<48/2=24>>24\n#### 24', value: '24' },
  { Problem: 'x?', options: 'a ) 1 , b ) 2', correct: 'b', Rationale: 'r', annotated_formula: 'add(n0,n1)' },
  {
    question: [
      { role: 'user', content: 'Add 2 and 3.' },
      { role: 'assistant', content: '5' },
    ],
    value: 'b',
    options: ['1', '5'],
    extra: { deep: [1, { x: 2 }] },
  },
];
/** To test on, whatever columns are asked for. */
const soundRows = JSON.stringify({
  question: 'What is 1 + 1?',
  answer: 'Two.\n#### 2',
  value: '1',
  options: ['1', '2'],
  extra: { deep: 1 },
});
const csvWords = [
  'question',
  'value',
  'answer',
  ',',
  ';',
  '\t',
  '\n',
  '\r\n',
  '"',
  '""',
  '"a\nb"',
  '1',
  '3,5',
  'sep=;',
  ' ',
];

const sources: readonly object[] = [
  {},
  { fields: { question: 'question', value: 'value', answer: 'answer' } },
  { fields: { question: 'question', value: 'value', options: 'options', valueIndexFrom: 0 }, answers: 'choice' },
  { fields: { question: 'question', value: 'value' }, answers: 'text', columns: ['extra.deep', 'options'] },
];

/** Programs are run elsewhere: here each comes to 3. */
const run = async (programs: readonly unknown[]) =>
  programs.map(() => ({ ok: true, text: '3', number: '3.0' }) as const);

/** The first byte says how the rows are read. */
function dataTarget(
  name: string,
  soundFile: Uint8Array,
  make: (random: RandomNumbers) => Uint8Array,
  { source: first = 0, cot = 'natural' }: { readonly source?: number; readonly cot?: 'natural' | 'program' } = {},
): Target {
  return {
    sound: () => [Buffer.concat([Uint8Array.of(first), soundFile])],
    make: (random) => Buffer.concat([Uint8Array.of(random.integer(0, sources.length - 1)), make(random)]),
    read: async (input, folder) => {
      writeFileSync(join(folder, name), input.subarray(1));
      writeFileSync(join(folder, 'test.jsonl'), soundRows);
      const source = { train: name, test: 'test.jsonl', ...sources[Number(input[0]) % sources.length] };
      const data = dataSchema.parse({ source, cot, validation: 1 });
      const questions = await loadQuestions({ data, seed: 1, ...sourceAccess(folder, { run }) });
      return [...questions.train, ...questions.validation, ...questions.test].length;
    },
  };
}

const lines = (random: RandomNumbers): Uint8Array => {
  const made = Array.from({ length: random.integer(1, 12) }, () =>
    random.uniform() < 0.5 ? Buffer.from(JSON.stringify(oneOf(random, rows))) : hostileJson(rows, random),
  );
  return Buffer.concat(made.flatMap((line) => [line, Buffer.from('\n')]));
};
const array = (random: RandomNumbers): Uint8Array =>
  random.uniform() < 0.5
    ? hostileJson([rows], random)
    : mutatedBytes(Buffer.from(JSON.stringify(rows, null, 1)), random);
const csv = Buffer.from('question,answer,value\n"How many, ""all"" in all?\nSay.",so,42\nplain,"1,200",3\n');
const tsv = Buffer.from('question\tanswer\tvalue\n"How many?\nSay."\tso\t42\nplain\t1,200\t3\n');
const table =
  (sound: Uint8Array) =>
  (random: RandomNumbers): Uint8Array =>
    random.uniform() < 0.7 ? mutatedBytes(sound, random) : Buffer.from(mutatedText(csvWords, random));
const parquetFiles = ['gsm8k.snappy.parquet', 'gsm8k.zstd.parquet'].map((file) =>
  readFileSync(join(import.meta.dirname, '../../activities/data/files', file)),
);

const soundLines = Buffer.from(`${JSON.stringify(rows[0])}\n${JSON.stringify(rows[2])}\n`);
const withFields = { source: 1 };
export const jsonLines = dataTarget('rows.jsonl', soundLines, lines);
export const jsonArray = dataTarget('rows.json', Buffer.from(JSON.stringify([rows[0], rows[2]])), array);
export const csvRows = dataTarget('rows.csv', csv, table(csv), withFields);
export const tsvRows = dataTarget('rows.tsv', tsv, table(tsv), withFields);
export const parquet = dataTarget('rows.parquet', at(parquetFiles, 0), (random) =>
  mutatedBytes(oneOf(random, parquetFiles), random),
);
const problems = [1, 2].map(
  (id) =>
    `<Problem ID="${id}"><Body>Tom &amp; ${id}</Body><Question>All?</Question><Answer>3 (pens)</Answer><Formula>${id}+${3 - id}=3</Formula></Problem>`,
);
const xml = Buffer.from(`<?xml version="1.0"?><a>${problems.join('')}</a>`);
export const xmlRows = dataTarget('rows.xml', xml, (random) => mutatedBytes(xml, random), { cot: 'program' });
export const gzip = dataTarget('rows.jsonl.gz', gzipSync(soundLines), (random) =>
  random.uniform() < 0.5 ? gzipSync(lines(random)) : mutatedBytes(gzipSync(lines(random)), random),
);
