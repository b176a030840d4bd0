/** The activity as workflows call it, over a store in memory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import type { Example, PreparedData } from '../../../activities/data/types.js';
import { createPrepareData } from '../../../activities/prepareData.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { dataDirectory } from './dataDirectory.js';
import { createMemoryStore } from './memoryStore.js';
import { noHub, noSandbox, workDirectory } from './sourceAccess.js';

const generated = dataSchema.parse({ source: 'generated', docstring: false, train: 60, test: 40, validation: 20 });

const prepare = async (
  data: typeof generated,
  seed = 1,
): Promise<{ prepared: PreparedData; store: ReturnType<typeof createMemoryStore> }> => {
  const store = createMemoryStore();
  return {
    prepared: await createPrepareData({ store, sandbox: noSandbox, dataDirectory, workDirectory, hub: noHub })({
      data,
      seed,
    }),
    store,
  };
};

const variants = [
  ['programs', generated],
  ['programs with docstrings', { ...generated, docstring: true }],
  ['natural language', { ...generated, cot: 'natural' }],
  ['byte pairs', { ...generated, tokenizer: { kind: 'bytePair', vocabularySize: 400 } }],
] as const;

describe.each(variants)('prepareData of generated problems: %s', (_, data) => {
  it('writes examples whose tokens decode to their texts', async () => {
    const { prepared, store } = await prepare(data);
    const tokenizer = loadTokenizer(await store.getJson(prepared.tokenizer));
    expect(prepared).toMatchObject({
      train: { count: 60 },
      validation: { count: 20 },
      test: { count: 40 },
      format: data.cot,
      answerKind: 'number',
      dropped: {},
      endTokens: tokenizer.endTokens,
      padToken: tokenizer.padToken,
      vocabularySize: tokenizer.vocabularySize,
    });
    const read = async (ref: PreparedData['train']): Promise<Example[]> => (await store.getLines(ref)) as Example[];
    const [train, validation, test] = [
      await read(prepared.train),
      await read(prepared.validation),
      await read(prepared.test),
    ];
    for (const { prompt, promptTokens, answer, answerTokens = [] } of train) {
      expect(tokenizer.decode(promptTokens)).toBe(prompt);
      expect(tokenizer.decode(answerTokens)).toBe(answer);
      expect(answerTokens.at(-1)).toBe(prepared.endTokens[0]);
      expect(answerTokens.indexOf(prepared.endTokens[0] ?? -1)).toBe(answerTokens.length - 1);
    }
    expect(test.every((example) => !('answer' in example) && !('answerTokens' in example))).toBe(true);
    const all = [...train, ...validation, ...test];
    expect(prepared.longestPrompt).toBe(Math.max(...all.map(({ promptTokens }) => promptTokens.length)));
    expect(prepared.longestAnswer).toBe(Math.max(...all.map(({ answerTokens }) => answerTokens?.length ?? 0)));
    expect(Math.max(...all.flatMap(({ promptTokens }) => promptTokens))).toBeLessThan(prepared.vocabularySize);
  });

  it('writes the same objects again, and others for another seed', async () => {
    const first = await prepare(data);
    expect((await prepare(data)).prepared).toEqual(first.prepared);
    expect((await prepare(data, 2)).prepared.train.sha256).not.toBe(first.prepared.train.sha256);
  });
});

describe('prepareData', () => {
  it('trains the tokenizer on training texts only', async () => {
    const data = { ...generated, train: 2 };
    const { prepared, store } = await prepare(data);
    const tokenizer = loadTokenizer(await store.getJson(prepared.tokenizer));
    const test = (await store.getLines(prepared.test)) as Example[];
    expect(test.some(({ promptTokens }) => tokenizer.decode(promptTokens).includes('<unk>'))).toBe(true);
  });

  it('tells which rows of a file could not be used, and why', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'reft-prepare-'));
    const row = (index: number, answer = String(index)) => ({
      question: `How many are ${index}?`,
      answer: `So. #### ${answer}`,
    });
    const rows = [row(1), row(2), row(3, 'many'), row(4), { question: 'No answer?' }, row(5, 'none'), row(6)];
    const lines = (all: readonly object[]): string => all.map((one) => JSON.stringify(one)).join('\n');
    await writeFile(join(directory, 'train.jsonl'), lines(rows));
    await writeFile(join(directory, 'test.jsonl'), lines([row(7), row(8)]));
    const data = dataSchema.parse({
      source: { train: 'train.jsonl', test: 'test.jsonl' },
      cot: 'natural',
      validation: 1,
    });
    const prepareFiles = createPrepareData({
      store: createMemoryStore(),
      sandbox: noSandbox,
      dataDirectory: directory,
      workDirectory,
      hub: noHub,
    });
    const { train, validation, test, files, dropped } = await prepareFiles({ data, seed: 1 });
    expect([train.count, validation.count, test.count]).toEqual([3, 1, 2]);
    expect(files.map(({ name, rows: read }) => [name, read])).toEqual([
      ['train.jsonl', 7],
      ['test.jsonl', 2],
    ]);
    expect(Object.entries(dropped)).toEqual([
      ['answer is not a number', { count: 2, examples: ['train.jsonl row 3', 'train.jsonl row 6'] }],
      [expect.stringMatching(/^row is none of /), { count: 1, examples: ['train.jsonl row 5'] }],
    ]);
    await rm(directory, { recursive: true });
  });

  it.skipIf(dataDirectory === undefined).each(['program', 'natural'] as const)('prepares SVAMP (%s)', async (cot) => {
    const tokenizer = { kind: 'bytePair', vocabularySize: 1_000 } as const;
    const { prepared } = await prepare(dataSchema.parse({ source: 'svamp', cot, train: 300, tokenizer }));
    expect(prepared).toMatchObject({ train: { count: 300 }, validation: { count: 200 }, vocabularySize: 1_000 });
    expect(prepared.test.count).toBeGreaterThan(500);
  });
});
