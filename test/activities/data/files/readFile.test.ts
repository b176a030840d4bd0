/** Files of every format, from every place, and what is said of those that cannot be had or read. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mostRowBytes, mostTextCharacters } from '../../../../activities/data/files/bounds.js';
import { dataFileSchema } from '../../../../workflows/config/data.js';
import { fileAccess, readDataFile } from '../sourceAccess.js';

const directory = mkdtempSync(join(tmpdir(), 'reft-files-'));
const access = fileAccess(directory);
const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(directory, name), content);
const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const read = (file: unknown) => readDataFile(dataFileSchema.parse(file), access);
const valuesOf = async (file: unknown): Promise<unknown[]> =>
  (await read(file)).rows.map((row) => ('value' in row ? row.value : row.problem));
const refusal = (message: RegExp, name = 'InvalidData') => ({ name, message: expect.stringMatching(message) });

afterAll(() => rmSync(directory, { recursive: true }));

describe('formats', () => {
  it('JSON: an array', async () => {
    write('rows.json', '\ufeff[{"a": 1}, 2]');
    expect(await read('rows.json')).toEqual({
      file: { name: 'rows.json', sha256: sha256('\ufeff[{"a": 1}, 2]'), rows: 2 },
      rows: [
        { row: 1, value: { a: 1 } },
        { row: 2, value: 2 },
      ],
    });
  });

  it('JSON Lines: damaged lines are named, blank ones only counted', async () => {
    write('rows.jsonl', '{"a": 1}\r\n\n{"a": \n{"a": "é"}');
    expect((await read('rows.jsonl')).rows).toEqual([
      { row: 1, value: { a: 1 } },
      { row: 3, problem: 'line is not JSON' },
      { row: 4, value: { a: 'é' } },
    ]);
  });

  it('CSV: quotes, line breaks and commas in values, rows of another length', async () => {
    write(
      'rows.csv',
      '\ufeffquestion,"value"\r\n"How many, ""all"" in all?\nSay it.",42\r\nshort\r\nplain,"1,200"\r\n',
    );
    expect(await valuesOf('rows.csv')).toEqual([
      { question: 'How many, "all" in all?\nSay it.', value: '42' },
      'row has not the 2 columns of the first line',
      { question: 'plain', value: '1,200' },
    ]);
  });

  it('TSV', async () => {
    write('rows.tsv', 'question\tvalue\nHow many, then?\t42\n');
    expect(await valuesOf('rows.tsv')).toEqual([{ question: 'How many, then?', value: '42' }]);
  });

  it.each(['snappy', 'zstd'])('Parquet: %s', async (compression) => {
    const rows = await valuesOf(join(import.meta.dirname, `gsm8k.${compression}.parquet`));
    expect(rows).toHaveLength(3);
    expect(rows[1]).toEqual({
      question: 'Anna has 3 boxes of 400 pens. How many pens?',
      answer: 'She has 3 * 400 = <<3*400=1200>>1200 pens.\n#### 1,200',
    });
  });

  it('Parquet: lists, records and large whole numbers', async () => {
    expect(await valuesOf(join(import.meta.dirname, 'nested.gzip.parquet'))).toEqual([
      {
        uid: 9_007_199_254_740_993n,
        prompt: 'Which is even?',
        choices: ['3', '4', '5'],
        extra: { answer: 'B', why: '4 is 2 by 2.' },
        score: 1.5,
      },
      expect.objectContaining({ uid: 2n, score: null }),
    ]);
  });

  it('is taken from the content, else from the name, or as told', async () => {
    write('rows.txt', 'a\n1\n');
    await expect(read('rows.txt')).rejects.toMatchObject(
      refusal(/^rows\.txt cannot be read: neither its name nor its/),
    );
    expect(await valuesOf({ from: 'rows.txt', format: 'csv' })).toEqual([{ a: '1' }]);
    write('parquet.bin', readFileSync(join(import.meta.dirname, 'gsm8k.snappy.parquet')));
    expect(await valuesOf('parquet.bin')).toHaveLength(3);
  });

  it.each(['train.json', 'train.jsonl', 'train.txt', 'train.data', 'train', 'train.csv', 'train.JSON'])(
    'case data-json-lines-named-json: JSON Lines named %s',
    async (name) => {
      write(name, '{"question":"1+1?","answer":"2"}\n{"question":"2+2?","answer":"4"}\n');
      expect(await valuesOf(name)).toEqual([
        { question: '1+1?', answer: '2' },
        { question: '2+2?', answer: '4' },
      ]);
    },
  );

  it.each(['train.json', 'train.jsonl', 'train.txt'])('a JSON array named %s', async (name) => {
    write(name, '[{"a": "x]},{"},\n {"a": 2}\n]\n');
    expect(await valuesOf(name)).toEqual([{ a: 'x]},{' }, { a: 2 }]);
  });

  it.each(['NaN', '-Infinity', 'Infinity'])(
    'case data-nan-row: %s costs its row alone, in lines and in arrays',
    async (number) => {
      write('train.jsonl', `{"question":"a","answer":${number}}\n{"question":"1+1?","answer":"2"}\n`);
      const name = number.replace('-', '');
      const good = { question: '1+1?', answer: '2' };
      expect(await valuesOf('train.jsonl')).toEqual([`line is not JSON, which has no ${name}`, good]);
      write('train.json', `[{"question":"a","answer": ${number}}, {"question":"1+1?","answer":"2"}]`);
      expect(await valuesOf('train.json')).toEqual([`row is not JSON, which has no ${name}`, good]);
    },
  );

  it.each([
    ['on a line of its own', '[{"a": "A 5" pipe", "b": 2},\n{"a": 2}]', 1],
    ['over several lines', '[\n  {\n    "a": "A 5" pipe",\n    "b": 1\n  },\n  {"a": 2}\n]', 1],
    ['in the last row', '[{"a": 2},\n{"a": "A 5" pipe"}\n]', 1],
  ])('a stray quote in a JSON array costs its row alone: %s', async (_, content, bad) => {
    write('stray.json', content);
    const values = await valuesOf('stray.json');
    expect(values).toContainEqual({ a: 2 });
    expect(values.filter((value) => value === 'row is not JSON')).toHaveLength(bad);
  });

  it.each([
    ['case data-csv-semicolon: semicolons', 'question;answer\n"2,5 + 1?";3.5\n'],
    ['tabs', 'question\tanswer\n2,5 + 1?\t3.5\n'],
    ['commas', 'question,answer\n"2,5 + 1?",3.5\n'],
    ['as a first line for spreadsheets says', 'sep=;\r\nquestion;answer\r\n2,5 + 1?;3.5\r\n'],
    ['a header with another delimiter in a name', '"question";answer\n2,5 + 1?;3.5\n'],
  ])('CSV and TSV: %s', async (_, content) => {
    for (const name of ['train.csv', 'train.tsv', 'train.CSV']) {
      write(name, content);
      expect(await valuesOf(name)).toEqual([{ question: '2,5 + 1?', answer: '3.5' }]);
    }
  });

  it.each([
    [
      'inside values',
      'A 5" pipe and a 3" pipe?,8\n1+1?,2\n',
      [
        { question: 'A 5" pipe and a 3" pipe?', answer: '8' },
        { question: '1+1?', answer: '2' },
      ],
    ],
    ['inside a quoted value', '"A 5" pipe, or more?",8\n', [{ question: 'A 5" pipe, or more?', answer: '8' }]],
    [
      'that opens a value and never ends it',
      '"open,1\n1+1?,2\n',
      ['a quote of the row is never closed', { question: '1+1?', answer: '2' }],
    ],
    [
      'that opens a value which a later row’s quotes would end',
      '"open,1\n1+1?,2\n"2,5?",3\n"Two\nlines?",4\n',
      [
        'a quote of the row is never closed',
        { question: '1+1?', answer: '2' },
        { question: '2,5?', answer: '3' },
        { question: 'Two\nlines?', answer: '4' },
      ],
    ],
    [
      'that a later row’s first quote would end',
      '"open\nx,"1"\n1+1?,2\n',
      ['a quote of the row is never closed', { question: 'x', answer: '1' }, { question: '1+1?', answer: '2' }],
    ],
  ])('case data-csv-stray-quote: %s', async (_, rows, expected) => {
    write('train.csv', `question,answer\n${rows}`);
    expect(await valuesOf('train.csv')).toEqual(expected);
  });

  it('gzip, whatever the name', async () => {
    write('rows.jsonl.gz', gzipSync('{"a": 1}\n'));
    write('rows.csv', gzipSync('a;b\n1;2\n'));
    const { file, rows } = await read('rows.jsonl.gz');
    expect(rows).toEqual([{ row: 1, value: { a: 1 } }]);
    expect(file).toEqual({ name: 'rows.jsonl.gz', sha256: sha256(gzipSync('{"a": 1}\n')), rows: 1 });
    expect(await valuesOf('rows.csv')).toEqual([{ a: '1', b: '2' }]);
    write('cut.jsonl.gz', gzipSync('{"a": 1}\n'.repeat(100)).subarray(0, 25));
    await expect(read('cut.jsonl.gz')).rejects.toMatchObject(refusal(/^cut\.jsonl\.gz cannot be unpacked/));
  });

  it('bounds a row in size, depth and the length of its texts', async () => {
    const rows = [
      { a: 1 },
      { a: 'x'.repeat(mostRowBytes) },
      { a: 'x'.repeat(mostTextCharacters + 1) },
      { a: 'x'.repeat(mostTextCharacters) },
    ].map((row) => JSON.stringify(row));
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const bounded = [
      { a: 1 },
      'row is larger than 4 MiB',
      'a text of the row has more than 200000 characters',
      expect.objectContaining({}),
      'row nests lists or records more than 32 deep',
      { a: 2 },
    ];
    write('big.jsonl', [...rows, `{"a": ${deep}}`, '{"a": 2}'].join('\n'));
    expect(await valuesOf('big.jsonl')).toEqual(bounded);
    write('big.json', `[${[...rows, `{"a": ${deep}}`, '{"a": 2}'].join(',')}]`);
    expect(await valuesOf('big.json')).toEqual(bounded);
    write('big.csv', `a,b\n1,2\n${'x'.repeat(mostRowBytes + 1)},2\n${'x'.repeat(mostTextCharacters + 1)},2\n3,4\n`);
    expect(await valuesOf('big.csv')).toEqual([
      { a: '1', b: '2' },
      'row is larger than 4 MiB',
      'a text of the row has more than 200000 characters',
      { a: '3', b: '4' },
    ]);
  });

  it('has few rows that cannot be read, or the file is refused', async () => {
    const lines = (good: number, bad: number): string => '{"a": 1}\n'.repeat(good) + '{"a": \n'.repeat(bad);
    write('few.jsonl', lines(1, 10));
    expect((await read('few.jsonl')).rows).toHaveLength(11);
    write('tenth.jsonl', lines(180, 20));
    expect((await read('tenth.jsonl')).rows).toHaveLength(200);
    write('many.jsonl', lines(179, 21));
    await expect(read('many.jsonl')).rejects.toMatchObject(
      refusal(
        /^many\.jsonl cannot be read as jsonl: 21 of its 200 rows cannot, the first is row 180: line is not JSON$/,
      ),
    );
  });

  it.each([
    [
      'no-array.json',
      '{\n  "rows": []\n}',
      /no-array\.json cannot be read: it holds neither a JSON array nor JSON Lines/,
    ],
    ['text.json', 'rows: 1', /text\.json cannot be read: it holds neither a JSON array nor JSON Lines/],
    ['cut.json', '[{"a": 1}, ', /cut\.json cannot be read as json: the JSON array breaks off/],
    ['more.json', '[{"a": 1}] {', /more\.json cannot be read as json: text follows the JSON array/],
    ['book.csv', 'PK\x03\x04', /book\.csv cannot be read: it is a ZIP archive or a spreadsheet/],
    ['wide.csv', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), /wide\.csv cannot be read: it is UTF-16/],
    ['empty.json', '[]', /empty\.json has no rows/],
    ['empty.jsonl', '\n', /empty\.jsonl has no rows/],
    ['header.csv', 'question,value\n', /header\.csv has no rows/],
    ['quote.csv', 'question,value\n"open,1\n', /quote\.csv cannot be read as csv/],
    ['latin.jsonl', Buffer.from('{"a": "\xe9"}', 'latin1'), /latin\.jsonl cannot be read as jsonl/],
    ['text.parquet', 'PAR1 is how it should begin', /text\.parquet cannot be read as parquet/],
    [
      'cut.parquet',
      readFileSync(join(import.meta.dirname, 'gsm8k.snappy.parquet')).subarray(0, 300),
      /cut\.parquet cannot be read as parquet/,
    ],
  ])('%s is refused', async (name, content, message) => {
    write(name, content);
    await expect(read(name)).rejects.toMatchObject(refusal(message));
  });
});

describe('places', () => {
  const content = '[{"a": 1}]';

  it('are paths, absolute or from REFT_DATA_DIR on', async () => {
    write('here.json', content);
    expect((await read(join(directory, 'here.json'))).rows).toHaveLength(1);
    await expect(read('nowhere.json')).rejects.toMatchObject(
      refusal(
        new RegExp(
          `cannot read ${directory}/nowhere\\.json \\(ENOENT\\); REFT_DATA_DIR is ${directory}, where paths start`,
        ),
      ),
    );
    await expect(read(join(directory, 'not.json'))).rejects.toMatchObject(
      refusal(/\(ENOENT\); on the machine of this worker; s3:\/\/bucket\/key names a file that every worker reads/),
    );
    const unset = readDataFile('here.json', fileAccess(undefined));
    await expect(unset).rejects.toMatchObject(
      refusal(
        /^here\.json is a relative path, which starts at the folder REFT_DATA_DIR of the worker, and that is not set; .* beside the specification/,
      ),
    );
  });

  it('are checked against the checksum', async () => {
    write('here.json', content);
    expect((await read({ from: 'here.json', sha256: sha256(content).toUpperCase() })).rows).toHaveLength(1);
    await expect(read({ from: 'here.json', sha256: sha256('other') })).rejects.toMatchObject(
      refusal(new RegExp(`its sha256 is ${sha256(content)}, the specification says ${sha256('other')}`)),
    );
  });
});

describe('the web', () => {
  const content = '[{"a": 1}]';
  const checked = (path: string) => ({ from: `${address}${path}`, sha256: sha256(content) });
  let server: Server;
  let address: string;
  let asked = 0;

  const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
    '/rows.json': (_, response) => response.end(content),
    '/moved.json': (_, response) => response.writeHead(302, { location: '/rows.json' }).end(),
    '/gone.json': (_, response) => response.writeHead(404).end('no'),
    '/busy.json': (_, response) => response.writeHead(503).end('later'),
    '/throttled.json': (_, response) => response.writeHead(429).end(),
    '/huge.json': (_, response) => response.writeHead(200, { 'content-length': 2 ** 40 }).write('['),
    '/cut.json': (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('[', () => response.destroy());
    },
    '/slow.json': (_, response) => response.write('['),
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked += 1;
      answers[request.url?.split('?')[0] ?? '']?.(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('serves files, whose names leave out what may be a signature', async () => {
    const { file } = await read(checked('/rows.json?token=secret'));
    expect(file).toEqual({ name: `${address}/rows.json`, sha256: sha256(content), rows: 1 });
    expect((await read(checked('/moved.json'))).file.sha256).toBe(sha256(content));
  });

  it.each([
    ['/gone.json', 'InvalidData', /gone\.json: the server answers 404/],
    ['/busy.json', 'DownloadFailed', /busy\.json: the server answers 503/],
    ['/throttled.json', 'DownloadFailed', /the server answers 429/],
    ['/cut.json', 'DownloadFailed', /cut\.json could not be fetched/],
    ['/huge.json', 'InvalidData', /huge\.json is larger than 32768 MiB/],
  ])('%s ends in %s', async (path, name, message) => {
    await expect(read(checked(path))).rejects.toMatchObject(refusal(message, name));
  });

  it('may be tried again when nobody answers', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(read(`https://127.0.0.1:${port}/rows.json`)).rejects.toMatchObject(
      refusal(/rows\.json could not be fetched/, 'DownloadFailed'),
    );
  });

  it('is left alone once the run is cancelled', async () => {
    const controller = new AbortController();
    const before = asked;
    const reading = readDataFile(checked('/slow.json'), { ...access, signal: controller.signal });
    const ended = expect(reading).rejects.toThrow('enough');
    while (asked === before) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error('enough'));
    await ended;
  });

  it.each([
    'http://example.org/rows.json',
    { from: 'http://example.org/rows.json' },
    'ftp://example.org/rows.json',
    'https://user:password@example.org/rows.json',
    'https://',
    's3://bucket',
    { from: 'rows.json', sha256: 'abc' },
    { from: 'rows.json', format: 'xlsx' },
    'hf:gsm8k',
    { from: 'rows.json', revision: 'main' },
    { from: 'hf:org/tiny@v1', revision: 'main' },
    { from: 'rows.json', other: 1 },
    '',
  ])('and %j is no place for a file', (file) => {
    expect(dataFileSchema.safeParse(file).success).toBe(false);
  });
});
