/** The activities `publishRun` and `recordCurve` against a real S3 server: everything a finished run leaves is there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadTokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import type { Example } from '../../../activities/data/types.js';
import { type LlamaConfig, languageModel } from '../../../activities/engine/models/index.js';
import { readSafetensors, writeSafetensors } from '../../../activities/engine/weights/safetensors.js';
import { createPrepareData } from '../../../activities/prepareData.js';
import type { PublishRunInput } from '../../../activities/publishRun.js';
import { createPublishRun } from '../../../activities/publishRun.js';
import { createRecordCurve, readCurve } from '../../../activities/recordCurve.js';
import { publishedResultSchema } from '../../../activities/report/publishedResult.js';
import type { CurvePoint } from '../../../activities/report/types.js';
import type { ScoredSample } from '../../../activities/rewards/samples.js';
import { writeCheckpoint } from '../../../activities/store/checkpoint.js';
import { createStore } from '../../../activities/store/store.js';
import type { Store } from '../../../activities/store/types.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { noHub, noSandbox, workDirectory } from '../data/sourceAccess.js';
import { type S3Server, startS3 } from '../store/s3Server.js';
import { sampleReport } from './sampleReport.js';

let server: S3Server;
let store: Store;
let input: PublishRunInput;
let directory: string;
beforeAll(async () => {
  server = await startS3();
  directory = await mkdtemp(join(tmpdir(), 'reft-publish-'));
  store = createStore({ ...server.access, cacheDirectory: join(directory, 'cache'), cacheBytes: 2 ** 30 });
  input = await finishedRun();
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

/** Real data and a real, if untrained, model with a critic's head; every other test question answered right. */
async function finishedRun(): Promise<PublishRunInput> {
  const prepare = createPrepareData({ store, sandbox: noSandbox, dataDirectory: undefined, workDirectory, hub: noHub });
  const spec = dataSchema.parse({ source: 'generated', train: 60, test: 20, validation: 5 });
  const data = await prepare({ data: spec, seed: 1 });
  const config: LlamaConfig = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: data.vocabularySize,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 1000,
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: data.endTokens[0] ?? -1,
    pad_token_id: data.padToken,
  };
  const heads = [
    ['value_head.weight', [1, 32]],
    ['value_head.bias', [1]],
  ] as const;
  const tensors = new Map(
    [...languageModel(config).shapes, ...heads].map(([name, shape]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, { shape, data: Float32Array.from({ length: size }, (_, index) => Math.sin(index * 7.3) / 8) }];
    }),
  );
  const parameters = join(directory, 'parameters.safetensors');
  await writeSafetensors(parameters, tensors);
  const moments = join(directory, 'moments.safetensors');
  await writeFile(moments, 'not needed here');
  const model = await writeCheckpoint(store, {
    config,
    parameters,
    moments,
    step: 42,
    tokenizer: data.tokenizer,
    randomKeys: { seed: 1 },
  });
  const examples = (await store.getLines(data.test)) as Example[];
  const scored = examples.map(
    ({ answerValue }, example): ScoredSample => ({
      example,
      sample: 0,
      tokens: [5, data.endTokens[0] ?? -1],
      logProbs: [-0.1, -0.2],
      truncated: false,
      text: '    return 1',
      value: example % 2 === 0 ? answerValue : -1,
      correct: example % 2 === 0,
      reward: example % 2 === 0 ? 1 : 0.1,
    }),
  );
  const { curve: points, metrics, work, notes, warnings, title } = sampleReport;
  return {
    runId: 'team a/run 1',
    title,
    spec: { preset: 'demo' },
    model,
    data,
    metrics,
    curve: await createRecordCurve({ store })({ previous: null, points: points.slice(0, 100) }),
    points: points.slice(100),
    sampled: [await store.putLines(scored.slice(0, 12)), await store.putLines(scored.slice(12))],
    work,
    notes,
    warnings,
  };
}

async function readText(key: string): Promise<string> {
  const bytes = await store.read(key);
  if (bytes === null) throw new Error(`${key} is not there`);
  return Buffer.from(bytes).toString();
}

test('leaves report, result, samples and model under the run', async () => {
  const published = await createPublishRun({ store, workDirectory })(input);
  const prefix = 'runs/team~20a~2Frun~201';
  expect(published).toEqual({
    bucket: server.access.bucket,
    prefix,
    report: `${prefix}/report.html`,
    result: `${prefix}/result.json`,
    samples: `${prefix}/samples.jsonl`,
  });

  const result = publishedResultSchema.parse(JSON.parse(await readText(published.result)));
  expect(result).toMatchObject({
    runId: 'team a/run 1',
    spec: { preset: 'demo' },
    metrics: input.metrics,
    checkpoint: { sha256: input.model.sha256, step: 42 },
    data: { train: 60, validation: 5, test: 20, files: [], dropped: {} },
    work: input.work,
    warnings: input.warnings,
    // The recorded points and those still on the way.
    curve: sampleReport.curve,
    keys: { model: `${prefix}/model`, report: published.report, samples: published.samples },
  });

  const samples = (await readText(published.samples)).trimEnd().split('\n');
  const examples = (await store.getLines(input.data.test)) as Example[];
  expect(samples).toHaveLength(20);
  expect(samples.map((line) => JSON.parse(line))[13]).toEqual({
    id: examples[13]?.id,
    question: examples[13]?.question,
    truth: examples[13]?.answerValue,
    answer: '    return 1',
    value: -1,
    correct: false,
    reward: 0.1,
    truncated: false,
  });

  // Every model's greedy answers and samples: votes can be counted again.
  const [first, second] = input.sampled;
  const sampled = [first, second].filter((ref) => ref !== undefined);
  const probability = (example: number) => ({ example, sample: 0, probability: 0.25 });
  const scores = await Promise.all(
    [Array.from({ length: 12 }, (_, index) => index), Array.from({ length: 8 }, (_, index) => 12 + index)].map((part) =>
      store.putLines(part.map(probability)),
    ),
  );
  const answers = [
    { model: 'warmUp', greedy: sampled.toReversed(), sampled: [], rewardModelScores: [] },
    { model: 'reft', greedy: sampled, sampled, rewardModelScores: scores },
  ];
  await createPublishRun({ store, workDirectory })({ ...input, answers });
  const lines = (await readText(published.samples)).trimEnd().split('\n');
  const told = lines.map(
    (line): { readonly model: string; readonly sample?: number; readonly rewardModelScore?: number } =>
      JSON.parse(line),
  );
  expect(told.map(({ model, sample, rewardModelScore }) => [model, sample, rewardModelScore])).toEqual([
    ...Array.from({ length: 20 }, () => ['reft', undefined, undefined]),
    ...Array.from({ length: 20 }, () => ['warmUp', undefined, undefined]),
    ...Array.from({ length: 20 }, () => ['reft', 0, 0.25]),
  ]);

  const report = await readText(published.report);
  // Curves from the recorded points and those still on the way: the warm-up is in the former, the reward model in the latter.
  for (const text of ['Warm-up: Loss', 'Reward model: Loss', input.model.sha256])
    expect(report.includes(text)).toBe(true);
});

test('rows left out of the data are in result and report, by reason', async () => {
  const files = [{ name: 'train.json', sha256: 'a'.repeat(64), rows: 1_072 }];
  const dropped = {
    'answer is not a number': { count: 2, examples: ['train.json row 3', 'train.json row <6>'] },
    'program gives another answer': { count: 1_000, examples: ['q-7', 'q-8'] },
  };
  const data = { ...input.data, files, dropped };
  const published = await createPublishRun({ store, workDirectory })({ ...input, runId: 'dropped', data });
  const result = publishedResultSchema.parse(JSON.parse(await readText(published.result)));
  expect(result.data).toEqual({ train: 60, validation: 5, test: 20, files, dropped });
  const report = await readText(published.report);
  expect(report).toContain('train.json row 3, train.json row &lt;6>');
  expect(report).toMatch(/program gives another answer<\/th>\s*<td>1,000<\/td>\s*<td class="wrap">q-7, q-8, …<\/td>/);
});

test('the model folder holds the language model alone, in Hugging Face layout', async () => {
  const { prefix } = await createPublishRun({ store, workDirectory })(input);
  const file = join(directory, 'published.safetensors');
  await writeFile(file, (await store.read(`${prefix}/model/model.safetensors`)) ?? Buffer.of());
  const { tensors, metadata } = await readSafetensors(file);
  const config: LlamaConfig = JSON.parse(await readText(`${prefix}/model/config.json`));
  expect([...tensors.keys()].sort()).toEqual(
    languageModel(config)
      .shapes.map(([name]) => name)
      .sort(),
  );
  expect(metadata).toEqual({ format: 'pt' });
  const tokenizer = loadTokenizer(JSON.parse(await readText(`${prefix}/model/tokenizer.json`)));
  expect(tokenizer.endTokens).toEqual([config.eos_token_id]);
  expect(JSON.parse(await readText(`${prefix}/model/tokenizer_config.json`))).toMatchObject({
    eos_token: '</s>',
    pad_token: '<pad>',
  });
  expect(JSON.parse(await readText(`${prefix}/model/generation_config.json`))).toMatchObject({
    eos_token_id: config.eos_token_id,
  });
});

test('published again, everything is the same', async () => {
  const publish = createPublishRun({ store, workDirectory });
  const first = await publish(input);
  const before = await Promise.all([first.report, first.result, first.samples].map(readText));
  await publish(input);
  expect(await Promise.all([first.report, first.result, first.samples].map(readText))).toEqual(before);
});

test('without its answers nothing says the run is finished', async () => {
  const [first] = input.sampled;
  if (!first) throw new Error('no answers');
  const [answer] = (await store.getLines(first)) as ScoredSample[];
  const stranger = await store.putLines([{ ...answer, example: 999 }]);
  const publishing = createPublishRun({ store, workDirectory })({ ...input, runId: 'broken', sampled: [stranger] });
  await expect(publishing).rejects.toMatchObject({ name: 'CorruptObject' });
  expect(await store.read('runs/broken/result.json')).toBeNull();
});

test('curves grow point by point, and recording twice changes nothing', async () => {
  const record = createRecordCurve({ store });
  const point = (step: number): CurvePoint => ({ phase: 'ppo', step, metrics: { reward: step / 10 } });
  const first = await record({ previous: null, points: [point(1), point(2)] });
  const second = await record({ previous: first, points: [point(3)] });
  expect(await record({ previous: first, points: [point(3)] })).toEqual(second);
  expect(await readCurve(store, second)).toEqual([point(1), point(2), point(3)]);
  expect(await readCurve(store, null)).toEqual([]);
});
