/** Answers of small models: against a forward pass without a cache, their ends, their distribution, bad input. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { reshape } from '../../../../activities/engine/graph/operators.js';
import { causalAttention } from '../../../../activities/engine/models/causalAttention.js';
import { languageModel, type ModelConfig } from '../../../../activities/engine/models/index.js';
import { weightsFrom } from '../../../../activities/engine/models/languageModel.js';
import type { GenerateTask } from '../../../../activities/engine/sampling/generate.js';
import { type GenerateOptions, generate } from '../../../../activities/engine/sampling/generate.js';
import { uniform } from '../../../../activities/engine/sampling/random.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { integers, parameterFeeds, runOnce } from '../runGraph.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';
import { samplingTask } from './fixedBatches.js';

/** log π at every position of a sequence, from one forward pass without a cache, in float64. */
async function fullForward(
  config: ModelConfig,
  parameters: Parameters,
  tokens: readonly number[],
): Promise<number[][]> {
  const language = languageModel(config);
  const graph = createGraph();
  const given = input(graph, 'tokens', 'int64', [1, 'time']);
  const weights = weightsFrom(language.shapes, (name, shape) => input(graph, name, 'float32', shape));
  const sequences = causalAttention(graph, language.attention, 1, 'time');
  output(language.head(weights, language.trunk(weights, reshape(given, ['time']), sequences)), 'logits');
  const outputs = await runOnce(
    { graph },
    { ...parameterFeeds(parameters), tokens: integers(BigInt64Array.from(tokens, BigInt), [1, tokens.length]) },
  );
  const logits = outputs.get('logits')?.data ?? new Float32Array();
  return tokens.map((_, position) => {
    const row = [...logits.subarray(position * config.vocab_size, (position + 1) * config.vocab_size)];
    const largest = Math.max(...row);
    const logSum = largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return row.map((logit) => logit - logSum);
  });
}

const prompts = [
  { example: 0, tokens: [5] },
  { example: 7, tokens: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] },
  { example: 2, tokens: [22, 2] },
  { example: 3, tokens: [9, 9, 9, 9] },
  { example: 4, tokens: [4, 8, 15, 16] },
  { example: 5, tokens: [5, 6, 7, 8, 9] },
  { example: 6, tokens: [3] },
  { example: 1, tokens: [20, 19, 18, 17, 16, 15, 14] },
  { example: 8, tokens: [10, 20] },
  { example: 9, tokens: [7, 7, 3] },
];

let folder: string;
let model: ModelFiles;
const parameters = randomParameters(tinyConfig);
beforeAll(async () => {
  folder = await temporaryFolder();
  model = await writeModel(join(folder, 'tiny.safetensors'), tinyConfig, parameters);
});

const task = (changes: Partial<GenerateTask['input']> = {}) => samplingTask({ model, prompts }, changes);
const answersTo = async (input: GenerateTask['input'], options?: GenerateOptions) =>
  (await generate(input, quietContext, options)).answers;

describe('decoding with a cache', () => {
  const configs: [string, ModelConfig][] = [
    ['tied head, grouped heads', tinyConfig],
    ['untied head, a key for every query', { ...tinyConfig, tie_word_embeddings: false, num_key_value_heads: 4 }],
    ['one key for all queries', { ...tinyConfig, num_key_value_heads: 1, num_hidden_layers: 3 }],
  ];
  const cases = configs.flatMap(([name, config]) =>
    ([0, 1] as const).map((temperature) => ({ name, config, temperature })),
  );

  it.each(cases)(
    'agrees with the full forward: $name, temperature $temperature',
    async ({ name, config, temperature }) => {
      const weights = randomParameters(config);
      const files = await writeModel(join(folder, `${name} ${temperature}.safetensors`), config, weights);
      const input = task({ model: files, temperature });
      const answers = await answersTo(input);
      expect(answers.map(({ example, sample }) => [example, sample])).toEqual(
        prompts.flatMap(({ example }) => [0, 1, 2].map((sample) => [example, sample])),
      );
      let checked = 0;
      for (const { example, sample, tokens, logProbs } of answers) {
        const prompt = prompts.find((other) => other.example === example)?.tokens ?? [];
        const expected = await fullForward(config, weights, [...prompt, ...tokens]);
        for (const [position, token] of tokens.entries()) {
          const row = expected[prompt.length - 1 + position] ?? [];
          expect(Math.abs((logProbs[position] ?? Number.NaN) - (row[token] ?? Number.NaN))).toBeLessThan(1e-4);
          if (temperature === 0) expect(row[token]).toBeGreaterThan(Math.max(...row) - 1e-4);
          else {
            // The token is the one whose stretch of the cumulative distribution holds the keyed uniform number.
            const drawn = uniform({ ...input.random, example, sample, position });
            const below = row.slice(0, token).reduce((sum, logProb) => sum + Math.exp(logProb), 0);
            expect(drawn).toBeGreaterThan(below - 1e-4);
            expect(drawn).toBeLessThan(below + Math.exp(row[token] ?? Number.NaN) + 1e-4);
          }
          checked++;
        }
      }
      expect(checked).toBeGreaterThan(150);
    },
  );
});

describe('answers', () => {
  it('end with the end token or at the limit, and say which', async () => {
    const answers = await answersTo(task());
    for (const { tokens, logProbs, truncated } of answers) {
      expect(logProbs.length).toBe(tokens.length);
      expect(tokens.slice(0, -1)).not.toContain(1);
      expect(truncated).toBe(tokens.at(-1) !== 1);
      if (truncated) expect(tokens.length).toBe(20);
    }
    expect(new Set(answers.map(({ truncated }) => truncated))).toEqual(new Set([true, false]));
  });

  it('model-eos-list: end at the first of several end tokens', async () => {
    const alone = await answersTo(task({ endTokens: [999] }));
    const ends = [1, 7];
    const answers = await answersTo(task({ endTokens: ends }));
    answers.forEach(({ tokens, logProbs, truncated }, index) => {
      const whole = alone[index]?.tokens ?? [];
      const first = whole.findIndex((token) => ends.includes(token));
      expect(tokens).toEqual(first < 0 ? whole : whole.slice(0, first + 1));
      expect(logProbs.length).toBe(tokens.length);
      expect(truncated).toBe(first < 0);
    });
    expect(new Set(answers.map(({ tokens }) => tokens.at(-1)).filter((token) => ends.includes(token ?? -1)))).toEqual(
      new Set(ends),
    );
  });

  it('are the same the second time, and others with another seed, round, purpose or sample', async () => {
    const endless = { endTokens: [999] };
    const base = await answersTo(task(endless));
    expect(await answersTo(task(endless))).toEqual(base);
    const tokensOf = (answers: typeof base) => answers.map(({ tokens }) => tokens.join()).join('\n');
    const random = { seed: 5, purpose: 'rollout', round: 2 } as const;
    for (const other of [
      { ...random, seed: 6 },
      { ...random, round: 3 },
      { ...random, purpose: 'sample-test' as const },
    ])
      expect(tokensOf(await answersTo(task({ ...endless, random: other })))).not.toBe(tokensOf(base));
    expect(new Set(base.filter(({ example }) => example === 7).map(({ tokens }) => tokens.join())).size).toBe(3);
  });

  it('do not depend on what else is in the batch', async () => {
    const together = await answersTo(task());
    const alone = [];
    for (const prompt of [...prompts].reverse()) alone.unshift(...(await answersTo(task({ prompts: [prompt] }))));
    expect(alone.map(({ tokens }) => tokens)).toEqual(together.map(({ tokens }) => tokens));
    alone.forEach(({ logProbs }, index) => {
      logProbs.forEach((logProb, position) => {
        expect(logProb).toBeCloseTo(together[index]?.logProbs[position] ?? Number.NaN, 4);
      });
    });
    const fewer = await answersTo(task({ samples: 2 }));
    expect(fewer.map(({ tokens }) => tokens)).toEqual(
      together.filter(({ sample }) => sample < 2).map(({ tokens }) => tokens),
    );
  });

  it('follow the model’s distribution', async () => {
    const prompt = { example: 3, tokens: [3, 4, 5] };
    const samples = 4000;
    const answers = await answersTo(task({ prompts: [prompt], samples, maxAnswerTokens: 1 }));
    const expected = (await fullForward(tinyConfig, parameters, prompt.tokens)).at(-1) ?? [];
    // Tokens expected less than 20 times count as one.
    let rare = { seen: 0, expected: 0 };
    let chiSquare = 0;
    let categories = 0;
    expected.forEach((logProb, token) => {
      const seen = answers.filter(({ tokens }) => tokens[0] === token).length;
      const count = samples * Math.exp(logProb);
      if (count < 20) rare = { seen: rare.seen + seen, expected: rare.expected + count };
      else {
        chiSquare += (seen - count) ** 2 / count;
        categories++;
      }
    });
    chiSquare += (rare.seen - rare.expected) ** 2 / rare.expected;
    expect(categories).toBeGreaterThan(8);
    // The 99.9 % point of chi-square with as many degrees of freedom as there are categories, but one (Wilson-Hilferty).
    const spread = 2 / (9 * categories);
    expect(chiSquare).toBeLessThan(categories * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3);
  });

  it('stop where the model has no positions left', async () => {
    const long = { example: 1, tokens: Array.from({ length: 40 }, () => 4) };
    const longest = { example: 2, tokens: Array.from({ length: 47 }, () => 4) };
    const answers = await answersTo(task({ prompts: [long, longest], samples: 1, endTokens: [999] }));
    expect(answers.map(({ tokens }) => tokens.length)).toEqual([8, 1]);
    expect(answers.every(({ truncated }) => truncated)).toBe(true);
  });

  it('come with progress and with the work that was done', async () => {
    const progress: [number, number][] = [];
    const { answers, work } = await generate(task({ samples: 40 }), {
      ...quietContext,
      onProgress: (done, total) => progress.push([done, total]),
    });
    // 400 answers are more than one batch.
    expect(answers.length).toBe(400);
    expect(progress.at(-1)).toEqual([400, 400]);
    expect(progress.map(([done]) => done)).toEqual(progress.map(([done]) => done).sort((a, b) => a - b));
    const generated = answers.reduce((sum, { tokens }) => sum + tokens.length, 0);
    expect(work).toMatchObject({ backwardTokens: 0, generatedTokens: generated });
    expect(work.forwardTokens).toBeGreaterThanOrEqual(generated);
    expect(work.forwardTokens).toBeLessThan(generated + 400 * 10);
  });
});

describe('bad input', () => {
  it.each([
    ['an empty prompt', { example: 12, tokens: [] }, /example 12: the prompt is empty/],
    [
      'a prompt as long as the model',
      { example: 13, tokens: new Array<number>(48).fill(3) },
      /example 13.*48 tokens.*at most 47/,
    ],
    ['an unknown token', { example: 14, tokens: [3, 23] }, /example 14: token 23 .*23 tokens/],
  ])('%s is refused by name', async (_, prompt, message) => {
    const failure = generate(task({ prompts: [...prompts, prompt] }), quietContext);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'InvalidData' });
  });

  it('a limit of no tokens is refused', async () => {
    await expect(generate(task({ maxAnswerTokens: 0 }), quietContext)).rejects.toThrow(/maxAnswerTokens/);
  });

  it.each([0, 1] as const)('a model whose numbers are not finite is refused (temperature %s)', async (temperature) => {
    const broken = new Map(parameters);
    broken.set('model.norm.weight', { shape: [64], data: new Float32Array(64).fill(Number.NaN) });
    const files = await writeModel(join(folder, `broken${temperature}.safetensors`), tinyConfig, broken);
    await expect(generate(task({ model: files, temperature }), quietContext)).rejects.toMatchObject({
      name: 'InvalidModel',
    });
  });

  it('no prompts give no answers', async () => {
    expect(await answersTo(task({ prompts: [] }))).toEqual([]);
  });

  it('a cancelled task stops', async () => {
    let looks = 0;
    const context = { ...quietContext, isCancelled: () => ++looks > 3 };
    await expect(generate(task(), context)).rejects.toMatchObject({ name: 'TaskCancelled' });
  });
});
