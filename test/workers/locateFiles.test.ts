/** Relative paths in a specification: from where they are written, or left to the worker. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { locateFiles as locateFrom } from '../../workers/command/locateFiles.js';

const folder = mkdtempSync(join(tmpdir(), 'reft-here-'));
afterAll(() => rmSync(folder, { recursive: true }));
const locateFiles = (input: Parameters<typeof locateFrom>[0], from: string) =>
  locateFrom(input, { folder: from, why: 'paths start here' });
const train = join(folder, 'train.jsonl');
writeFileSync(train, '');

describe('a relative path', () => {
  it('of a file that lies here becomes absolute, wherever a specification names files', () => {
    const data = {
      source: { train: 'train.jsonl', test: { from: './train.jsonl', format: 'jsonl' }, fields: { question: 'q' } },
      exclude: 'train.jsonl',
      cot: 'natural',
    };
    const located = {
      source: { train, test: { from: train, format: 'jsonl' }, fields: { question: 'q' } },
      exclude: train,
      cot: 'natural',
    };
    expect(locateFiles({ preset: 'svamp', data }, folder)).toEqual({ preset: 'svamp', data: located });
    expect(locateFiles({ run: { data }, seeds: [1] }, folder)).toEqual({ run: { data: located }, seeds: [1] });
  });

  it('of a model’s folder here becomes absolute', () => {
    const spec = { model: { from: './model' } };
    const located = { model: { from: join(folder, 'model') } };
    expect(() => locateFiles(spec, folder)).toThrow(
      `model.from: got "./model", but there is nothing at ${join(folder, 'model')} (paths start here)`,
    );
    expect(locateFiles({ model: { from: 'model' } }, folder)).toEqual({ model: { from: 'model' } });
    mkdirSync(join(folder, 'model'));
    expect(locateFiles(spec, folder)).toEqual(located);
    expect(locateFiles({ run: spec }, folder)).toEqual({ run: located });
    const annotator = { kind: 'checkpoint', from: './model' };
    expect(locateFiles({ annotator }, folder)).toEqual({ annotator: { ...annotator, from: join(folder, 'model') } });
    for (const from of ['hf:org/name', 's3://bucket/model', 'checkpoint:00'])
      expect(locateFiles({ model: { from } }, folder)).toEqual({ model: { from } });
  });

  it('that names nothing here is left to the worker', () => {
    const input = { data: { source: { train: 'gsm8k/train.jsonl', test: 'test.jsonl' } } };
    expect(locateFiles(input, folder)).toEqual(input);
  });

  it('that says it starts here must lead to something', () => {
    const input = { data: { source: { train: './other.jsonl', test: 'test.jsonl' } } };
    expect(() => locateFiles(input, folder)).toThrow(
      `data.source.train: got "./other.jsonl", but there is nothing at ${join(folder, 'other.jsonl')} (paths start here), allowed: `,
    );
    const above = { data: { source: { train: '../nothing/other.jsonl', test: 'test.jsonl' } } };
    expect(() => locateFiles(above, folder)).toThrow(
      `there is nothing at ${join(dirname(folder), 'nothing/other.jsonl')}`,
    );
  });

  it.each([
    'svamp',
    { train: '/data/train.jsonl', test: 's3://bucket/test.jsonl' },
    { train: 'hf:org/name', test: { from: 'https://example.org/test.jsonl' } },
    { train: 7 },
    null,
  ])('is none in %j', (source) => {
    expect(locateFiles({ data: { source, exclude: ['train.jsonl'] } }, folder)).toEqual({
      data: { source, exclude: ['train.jsonl'] },
    });
  });
});
