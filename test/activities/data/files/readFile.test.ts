/** Files of every format, from every place, and what is said of those that cannot be had or read. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileAccess, readDataFile } from '../../../../activities/data/files/readFile.js';
import { dataFileSchema } from '../../../../workflows/config/data.js';
import { createMemoryStore } from '../memoryStore.js';

const directory = mkdtempSync(join(tmpdir(), 'reft-files-'));
const access: FileAccess = {
  directory,
  store: createMemoryStore(),
  signal: new AbortController().signal,
};
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

  it('is taken from the name, or as told', async () => {
    write('rows.txt', '{"a": 1}\n{"a": 2}\n');
    await expect(read('rows.txt')).rejects.toMatchObject(refusal(/^rows\.txt: its name tells no format/));
    expect(await valuesOf({ from: 'rows.txt', format: 'jsonl' })).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it.each([
    ['no-array.json', '{"rows": []}', /no-array\.json cannot be read as json: it holds no JSON array/],
    ['cut.json', '[{"a": 1}, ', /cut\.json cannot be read as json/],
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
      refusal(new RegExp(`cannot read ${directory}/nowhere\\.json \\(ENOENT\\); REFT_DATA_DIR is ${directory}`)),
    );
    await expect(read('/nowhere.json')).rejects.toMatchObject(refusal(/\(ENOENT\); on the machine of this worker/));
    const unset = readDataFile('here.json', { ...access, directory: undefined });
    await expect(unset).rejects.toMatchObject(refusal(/REFT_DATA_DIR is not set: .* here\.json/));
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
    ['/huge.json', 'InvalidData', /huge\.json is larger than 500 MiB/],
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
    { from: 'rows.json', other: 1 },
    '',
  ])('and %j is no place for a file', (file) => {
    expect(dataFileSchema.safeParse(file).success).toBe(false);
  });
});
