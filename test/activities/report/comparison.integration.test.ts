/** The report and the table of a comparison, and the activity that publishes them, against a real S3 server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSetRef, Example, PreparedData } from '../../../activities/data/types.js';
import type { ComparedModel, ComparisonMetrics, Verdict } from '../../../activities/evaluation/types.js';
import type { PublishComparisonInput } from '../../../activities/publishComparison.js';
import { createPublishComparison } from '../../../activities/publishComparison.js';
import { createKeepResult, createRecallResult } from '../../../activities/recallResult.js';
import { renderComparison } from '../../../activities/report/comparisonPage.js';
import { comparisonTable, differenceLines, mainModel } from '../../../activities/report/comparisonTable.js';
import { summariseData } from '../../../activities/report/data.js';
import { createStore } from '../../../activities/store/store.js';
import type { Store } from '../../../activities/store/types.js';
import { type S3Server, startS3 } from '../store/s3Server.js';

let server: S3Server;
let store: Store;
let directory: string;
let input: PublishComparisonInput;

beforeAll(async () => {
  server = await startS3();
  directory = await mkdtemp(join(tmpdir(), 'reft-comparison-'));
  store = createStore({ ...server.access, cacheDirectory: join(directory, 'cache'), cacheBytes: 2 ** 30 });
  input = await finishedComparison();
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

/** Rows of the training file were left out. */
function preparedData(test: DataSetRef): PreparedData {
  const set = (count: number) => ({ ...test, count });
  return {
    train: set(90),
    validation: set(10),
    test,
    tokenizer: test,
    vocabularySize: 100,
    endTokens: [1],
    padToken: 0,
    format: 'program',
    answerKind: 'number',
    files: [{ name: 'train.json', sha256: '0'.repeat(64), rows: 103 }],
    dropped: { 'answer is not a number': { count: 3, examples: ['train.json row 7', 'train.json row <8>'] } },
    longestPrompt: 10,
    longestAnswer: 10,
  };
}

/** A warm-up and two methods of two seeds that answered 40 questions; ReFT the most of them. */
async function finishedComparison(): Promise<PublishComparisonInput> {
  const examples = Array.from(
    { length: 40 },
    (_, index): Example => ({
      id: `${index}`,
      question: `question ${index}`,
      prompt: '',
      promptTokens: [],
      answerValue: index,
    }),
  );
  const test = { ...(await store.putLines(examples)), count: examples.length };
  const evaluated = async (model: ComparedModel, right: number) => {
    const verdicts = Array.from({ length: 40 }, (_, question): Verdict => {
      const isRight = question < right;
      return { top1: isRight, voting: isRight, reranking: isRight, weightedVoting: isRight, correct: isRight ? 3 : 0 };
    });
    const checkpoint = { ...(await store.putJson({ model, right })), step: 1, weightBytes: 4_000 };
    return { model, warmUp: 1, checkpoint, verdicts: await store.putLines(verdicts) };
  };
  const models = [
    await evaluated('warmUp', 15),
    { ...(await evaluated('sft', 18)), seed: 1 },
    { ...(await evaluated('reft', 30)), seed: 1 },
    { ...(await evaluated('sft', 19)), seed: 2 },
    { ...(await evaluated('reft', 31)), seed: 2 },
  ];
  return {
    comparisonId: 'my/comparison',
    title: 'Methods <compared>',
    spec: { seeds: [1, 2] },
    models,
    trainings: [
      {
        model: 'sft',
        warmUp: 1,
        seed: 1,
        done: 12,
        step: 7,
        accuracy: 41.5,
        metrics: { loss: 0.25, gradientNorm: 0.5 },
        warnings: [],
      },
      {
        model: 'reft',
        warmUp: 1,
        seed: 2,
        done: 40,
        step: 31,
        accuracy: 76,
        metrics: { reward: 0.81, klPerToken: 1.5, entropyPerSequence: 0.125 },
        warnings: [{ kind: 'kl-blow-up', message: 'the policy is 1.5 nats a token <away>', from: 33, to: 40 }],
      },
    ],
    data: preparedData(test),
    samples: 8,
    failures: ['GRPO, seed 2: loss is <NaN>'],
    notes: ['5 of 14 children were taken over from earlier comparisons.'],
    work: { ppo: { engineSeconds: 10, forwardTokens: 1_000, backwardTokens: 500, generatedTokens: 200 } },
  };
}

describe('a published comparison', () => {
  it('leaves report and result, with the same numbers in both', async () => {
    const published = await createPublishComparison({ store })(input);
    expect(published).toMatchObject({ prefix: 'runs/my~2Fcomparison', report: 'runs/my~2Fcomparison/report.html' });
    const { metrics } = published;
    expect(metrics).toMatchObject({ questions: 40, samples: 8 });
    expect(metrics.rows.map(({ model, measures }) => [model, measures[0]?.mean])).toEqual([
      ['warmUp', 37.5],
      ['sft', 46.25],
      ['reft', 76.25],
    ]);
    const result = JSON.parse(Buffer.from((await store.read(published.result)) ?? []).toString());
    expect(result).toMatchObject({
      comparisonId: 'my/comparison',
      metrics,
      failures: input.failures,
      notes: input.notes,
    });
    expect(result.checkpoints[0]).toEqual({
      model: 'warmUp',
      warmUp: 1,
      checkpoint: input.models[0]?.checkpoint.sha256,
    });
    expect(result.checkpoints[2]).toEqual({
      model: 'reft',
      warmUp: 1,
      seed: 1,
      checkpoint: input.models[2]?.checkpoint.sha256,
    });
    const report = Buffer.from((await store.read(published.report)) ?? []).toString();
    for (const text of ['76.3 ± 1.8', 'voting@8', 'upper bound@8', 'ReFT less SFT', 'seed 2', 'Hillis'])
      expect(report).toContain(text);
    expect(await createPublishComparison({ store })(input)).toEqual(published);
  });

  it('tells how each training went, and of signs of collapse', async () => {
    const published = await createPublishComparison({ store })(input);
    const { trainings } = JSON.parse(Buffer.from((await store.read(published.result)) ?? []).toString());
    expect(trainings).toEqual(input.trainings);
    const report = Buffer.from((await store.read(published.report)) ?? []).toString();
    expect(report).toContain('<b>ReFT, seed 2, rounds 33–40</b>: the policy is 1.5 nats a token &lt;away>.');
    for (const text of ['31 of 40', '41.5', 'KL per token', '0.125']) expect(report).toContain(text);
    const calm = { ...input, comparisonId: 'calm', trainings: [] };
    const other = Buffer.from((await store.read((await createPublishComparison({ store })(calm)).report)) ?? []);
    expect(other.toString()).not.toMatch(/<h2>(Warnings|Trainings)<\/h2>/);
  });

  it('tells what was left out of the data', async () => {
    const { result: key, report: page } = await createPublishComparison({ store })(input);
    const { data } = JSON.parse(Buffer.from((await store.read(key)) ?? []).toString());
    const { files, dropped } = input.data;
    expect(data).toEqual({ train: 90, validation: 10, test: 40, files, dropped });
    const report = Buffer.from((await store.read(page)) ?? []).toString();
    expect(report).toContain('answer is not a number');
    expect(report).toContain('train.json row 7, train.json row &lt;8>, …');
  });
});

describe('its page and table', () => {
  let metrics: ComparisonMetrics;
  beforeAll(async () => {
    ({ metrics } = await createPublishComparison({ store })(input));
  });

  it('is one file that asks for nothing, and hostile text stays text', () => {
    const data = summariseData(input.data);
    const page = renderComparison({ ...input, metrics, data });
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|url\(|@import/);
    expect(page).not.toMatch(/NaN(?!>|&gt;)|Infinity|undefined|\[object/);
    expect(page).toContain('loss is &lt;NaN>');
    expect(page).not.toContain('<compared>');
  });

  it('shows a row a model on a terminal, and the differences below', () => {
    const table = comparisonTable(metrics);
    expect(table).toMatch(/│ ReFT +│ +76\.3 ± 1\.8 │/);
    expect(table).toMatch(/│ warm-up +│ +37\.5 │.*\n│ \(1 warm-up\)/);
    expect(table).toContain('Percent right on 40 test questions: mean');
    for (const line of table.split('\n').slice(0, -1)) expect(line.length).toBeLessThanOrEqual(96);
    expect(mainModel(metrics)).toBe('reft');
    const lines = differenceLines(metrics, 'reft');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^ReFT less SFT: \+30\.0 points \(\+\d+\.\d to \+\d+\.\d\), p < 0\.001$/);
    // From the other side the same with the sign changed.
    expect(differenceLines(metrics, 'sft')[1]).toMatch(/^SFT less ReFT: −30\.0 points/);
  });
});

describe('results of children', () => {
  it('are found by their content, whatever the order of its fields, and by nothing else', async () => {
    const recall = createRecallResult({ store });
    const keep = createKeepResult({ store });
    const asked = await recall({ unit: 'training', edition: 1, content: { seed: 1, settings: { a: 1, b: 2 } } });
    expect(asked).toEqual({ key: expect.stringMatching(/^comparisons\/training\/[0-9a-f]{64}\.json$/) });
    await keep({ key: asked.key, result: { accuracy: 50 } });
    await keep({ key: asked.key, result: { accuracy: 50 } });
    const again = await recall({ unit: 'training', edition: 1, content: { settings: { b: 2, a: 1 }, seed: 1 } });
    expect(again).toEqual({ key: asked.key, result: { accuracy: 50 } });
    for (const other of [
      { unit: 'training', edition: 1, content: { seed: 2, settings: { a: 1, b: 2 } } },
      { unit: 'evaluation', edition: 1, content: { seed: 1, settings: { a: 1, b: 2 } } },
      // What newer code would make of the same.
      { unit: 'training', edition: 2, content: { seed: 1, settings: { a: 1, b: 2 } } },
    ] as const)
      expect(await recall(other)).not.toHaveProperty('result');
  });
});
