/** Data sets of the Hugging Face hub, from a server that speaks its API. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FileAccess, Split } from '../../../../activities/data/files/fileAccess.js';
import { obtainFiles } from '../../../../activities/data/files/obtainFile.js';
import { loadQuestions } from '../../../../activities/data/sets/index.js';
import { dataFileSchema, dataSchema } from '../../../../workflows/config/data.js';
import { commit, type HubServer, startHub } from '../../pretrained/hubServer.js';
import { createMemoryStore } from '../memoryStore.js';
import { fileAccess, sourceAccess } from '../sourceAccess.js';

const token = 'hf_secret';
const parquet = readFileSync(join(import.meta.dirname, 'gsm8k.snappy.parquet'));
const other = readFileSync(join(import.meta.dirname, 'gsm8k.zstd.parquet'));
const lines = Buffer.from('{"question": "How many?", "answer": "All.\\n#### 7"}\n');
let hub: HubServer;
let access: FileAccess;

const start = async (files: Readonly<Record<string, Buffer>>): Promise<void> => {
  hub = await startHub(new Map(Object.entries(files)), token);
  access = fileAccess(undefined, createMemoryStore(), { endpoint: hub.endpoint, token });
};
beforeEach(() =>
  start({
    'README.md': Buffer.from('A data set.'),
    'main/train/0001.parquet': other,
    'main/train/0000.parquet': parquet,
    'main/test/0000.parquet': parquet,
    'data/rows.jsonl': lines,
  }),
);

const obtain = async (file: unknown, split: Split = 'train') =>
  (await obtainFiles(dataFileSchema.parse(file), split, access)).map(({ name, path }) => [
    name.replace(`hf:org/tiny@${commit}/`, ''),
    readFileSync(path),
  ]);
const train = [
  ['main/train/0000.parquet', parquet],
  ['main/train/0001.parquet', other],
];

describe('a data set of the hub', () => {
  it.each(['hf:org/tiny', 'hf:org/tiny/main', 'hf:org/tiny/main/train', 'hf:org/tiny/main/train/'])(
    'is the rows that the hub has converted, at one commit: %s',
    async (from) => {
      expect(await obtain(from)).toEqual(train);
      expect(hub.requests[0]?.path).toBe('/api/datasets/org/tiny/revision/refs%2Fconvert%2Fparquet');
      const downloads = hub.requests.filter(({ path }) => path.includes('/resolve/'));
      expect(downloads.every(({ path }) => path.startsWith(`/datasets/org/tiny/resolve/${commit}/`))).toBe(true);
      expect(hub.requests.every((request) => request.token === `Bearer ${token}`)).toBe(true);
    },
  );

  it('gives each set its split', async () => {
    expect(await obtain('hf:org/tiny', 'test')).toEqual([['main/test/0000.parquet', parquet]]);
    expect(await obtain('hf:org/tiny/main/train', 'test')).toEqual(train);
  });

  it.each([
    'hf:org/tiny@v1/data/rows.jsonl',
    { from: 'hf:org/tiny/data/rows.jsonl', revision: 'v1' },
    { from: 'hf:org/tiny/data', revision: 'main' },
  ])('is any file of a revision: %j', async (file) => {
    expect(await obtain(file)).toEqual([['data/rows.jsonl', lines]]);
  });

  it('becomes questions, rows of all files numbered through', async () => {
    const data = dataSchema.parse({
      source: { train: 'hf:org/tiny', test: { from: 'hf:org/tiny/data/rows.jsonl', revision: 'v1' } },
      cot: 'natural',
      validation: 1,
    });
    const obtaining = {
      obtain: (file: typeof data.exclude, split: Split) => obtainFiles(file as string, split, access),
    };
    const sets = await loadQuestions({ ...sourceAccess(undefined), ...obtaining, data, seed: 1 });
    expect(sets.files.map(({ name, rows }) => [name, rows])).toEqual([
      [`hf:org/tiny@${commit}/main/train/0000.parquet`, 3],
      [`hf:org/tiny@${commit}/main/train/0001.parquet`, 3],
      [`hf:org/tiny@${commit}/data/rows.jsonl`, 1],
    ]);
    const ids = [...sets.train, ...sets.validation].map(({ id }) => id);
    expect(ids).toContain('train-4');
  });

  it.each([
    ['hf:org/tiny/main/trian', /^hf:org\/tiny@c0ffee\d+ has no main\/trian; found: main\/train, main\/test$/],
    ['hf:org/tiny/socratic', /has no socratic; found: main\/train, main\/test$/],
    ['hf:org/other', /answers 404: no such data set, or HF_TOKEN may not read it$/],
    ['hf:org/tiny@v2', /answers 404/],
  ])('that has not what is asked for says what it has: %s', async (from, message) => {
    await expect(obtain(from)).rejects.toMatchObject({ name: 'InvalidData', message: expect.stringMatching(message) });
  });

  it('of several configurations needs one named, unless one is the default', async () => {
    await start({ 'a/train/0.parquet': parquet, 'b/train/0.parquet': other });
    await expect(obtain('hf:org/tiny')).rejects.toThrow(/has no default\/train; found: a\/train, b\/train$/);
    expect(await obtain('hf:org/tiny/b')).toEqual([['b/train/0.parquet', other]]);
    await start({ 'a/train/0.parquet': parquet, 'default/train/0.parquet': other });
    expect(await obtain('hf:org/tiny')).toEqual([['default/train/0.parquet', other]]);
  });

  it('has a limit for all files of a split together', async () => {
    const both = parquet.length + other.length;
    const limited = (mostBytes: number) => {
      access = fileAccess(undefined, createMemoryStore(), { endpoint: hub.endpoint, token, mostBytes });
      return obtain('hf:org/tiny');
    };
    await expect(limited(both - 1)).rejects.toMatchObject({
      name: 'InvalidData',
      message: expect.stringMatching(/^hf:org\/tiny@refs\/convert\/parquet: its files have .* set REFT_DOWNLOAD_GIB/),
    });
    expect(hub.requests.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
    expect(await limited(both)).toEqual(train);
  });

  it('that arrives damaged may be fetched anew', async () => {
    hub.corrupt = '0000.parquet';
    await expect(obtain('hf:org/tiny')).rejects.toMatchObject({ name: 'DownloadFailed' });
  });
});
