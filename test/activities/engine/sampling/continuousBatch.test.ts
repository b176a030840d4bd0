/** Answers in slots that are filled again, against answers in fixed batches: the same tokens. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, decode, stepSize } from '../../../../activities/engine/sampling/continuousBatch.js';
import { createDecoder, type Decoder } from '../../../../activities/engine/sampling/decoder.js';
import type { GenerateTask } from '../../../../activities/engine/sampling/generate.js';
import { generate } from '../../../../activities/engine/sampling/generate.js';
import { createCache } from '../../../../activities/engine/sampling/keyValueCache.js';
import { createPrefixCache } from '../../../../activities/engine/sampling/prefixCache.js';
import { permutation } from '../../../../activities/engine/sampling/random.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { loadModel } from '../../../../activities/engine/weights/modelFiles.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';
import { generateInFixedBatches, type SampledAnswer, samplingTask } from './fixedBatches.js';
import { floats } from './floats.js';

/** Twenty prompts of 1 to 13 tokens. */
const prompts = Array.from({ length: 20 }, (_, example) => ({
  example,
  tokens: Array.from({ length: 1 + ((example * 7) % 13) }, (_, position) => 2 + ((example + 3 * position) % 21)),
}));
/** What float rounding may change in a log-probability when a row is decoded beside others. */
const roundingBound = 1e-5;

let model: ModelFiles;
beforeAll(async () => {
  const folder = await temporaryFolder();
  model = await writeModel(join(folder, 'tiny.safetensors'), tinyConfig, randomParameters(tinyConfig));
});

const task = (changes: Partial<GenerateTask['input']> = {}) => samplingTask({ model, prompts }, changes);

function expectSame(own: readonly SampledAnswer[], expected: readonly SampledAnswer[]): void {
  expect(own.map(({ example, sample, tokens }) => ({ example, sample, tokens }))).toEqual(
    expected.map(({ example, sample, tokens }) => ({ example, sample, tokens })),
  );
  own.forEach(({ logProbs }, index) => {
    logProbs.forEach((logProb, position) => {
      const difference = logProb - (expected[index]?.logProbs[position] ?? Number.NaN);
      expect(Math.abs(difference)).toBeLessThan(roundingBound);
    });
  });
}

describe('the same seeds give the same tokens', () => {
  it.each([1, 2, 3, 5, 8, 13, 60, 200])('in %s slots as in fixed batches', async (slots) => {
    const { answers } = await generate(task(), quietContext, { slots });
    expectSame(answers, await generateInFixedBatches(task(), 10));
  });

  it('greedily, too', async () => {
    const greedy = task({ temperature: 0 });
    const { answers } = await generate(greedy, quietContext, { slots: 4 });
    expectSame(answers, await generateInFixedBatches(greedy, 60));
  });

  it('as each question and each sample alone', async () => {
    const { answers } = await generate(task(), quietContext, { slots: 7 });
    const alone = [];
    for (const prompt of prompts) alone.push(...(await generateInFixedBatches(task({ prompts: [prompt] }), 1)));
    expectSame(answers, alone);
  });

  it('in whatever order the questions come', async () => {
    const { answers } = await generate(task(), quietContext, { slots: 7 });
    const order = [...permutation(prompts.length, { seed: 1, purpose: 'order-rollout' })];
    const shuffled = order.flatMap((index) => prompts[index] ?? []);
    const other = await generate(task({ prompts: shuffled }), quietContext, { slots: 7 });
    const sorted = other.answers.toSorted((a, b) => a.example - b.example || a.sample - b.sample);
    expectSame(sorted, answers);
  });

  it('whether the samples of a question share its prompt or are asked for as questions of their own', async () => {
    const question = { example: 4, tokens: [4, 8, 15, 16, 21, 2] };
    const { answers, work } = await generate(task({ prompts: [question], samples: 8 }), quietContext, { slots: 3 });
    expect(new Set(answers.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(4);
    expectSame(answers, await generateInFixedBatches(task({ prompts: [question], samples: 8 }), 8));
    // The prompt went through the model once, though its samples took their slots at different times.
    expect(work.forwardTokens).toBe(work.generatedTokens + question.tokens.length - 1);
  });
});

describe('slots', () => {
  /** A decoder that notes how many rows each step has. */
  async function watchedDecoder(): Promise<{ readonly decoder: Decoder; readonly rows: number[] }> {
    const decoder = await createDecoder(tinyConfig, await loadModel(model), { greedy: false });
    const rows: number[] = [];
    return {
      rows,
      decoder: {
        ...decoder,
        bindStep: (cache, batch, count) => {
          const step = decoder.bindStep(cache, batch, count);
          return {
            ...step,
            run: () => {
              rows.push(count);
              return step.run();
            },
          };
        },
      },
    };
  }
  const answer = (example: number, prompt: readonly number[], limit: number): Answer => ({
    example,
    sample: 0,
    prompt,
    limit,
    tokens: [],
    logProbs: [],
  });
  const decoding = {
    slots: 4,
    capacity: 33,
    endTokens: [999],
    random: { seed: 5, purpose: 'rollout', round: 2 } as const,
    safePoint: () => undefined,
    onEnded: () => undefined,
  };

  it('are taken over at once, and given up when nobody waits', async () => {
    const { decoder, rows } = await watchedDecoder();
    // Every answer ends at its own limit: 1, 2, … 10 tokens.
    const answers = prompts.slice(0, 10).map(({ example, tokens }, index) => answer(example, tokens, index + 1));
    const ended: number[] = [];
    await decode(answers, { ...decoding, decoder, onEnded: (count) => ended.push(count) });
    expect(answers.map(({ tokens }) => tokens.length)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // The last answer takes its slot after step 8; from then on, each that ends (after 10, 12, 15, 18) leaves one row less, but
    // two stay. No other step has a row whose answer has ended.
    expect(rows).toEqual([...Array<number>(10).fill(4), 3, 3, 2, 2, 2, 2, 2, 2]);
    expect(ended.reduce((total, count) => total + count, 0)).toBe(10);
  });

  it('are as many as ever where steps are of fixed sizes, and those without an answer change no other', async () => {
    const { decoder, rows } = await watchedDecoder();
    const all = Array.from({ length: 3 }, () =>
      prompts.map(({ example, tokens }, index) => answer(example, tokens, 1 + (index % 7))),
    );
    const [fixed = [], open = []] = all;
    await decode(fixed, { ...decoding, decoder, slots: 20, fixedSteps: true });
    expect(rows).toEqual([20, 20, 20, 20, 20, 5, 5]);
    await decode(open, { ...decoding, decoder, slots: 20, fixedSteps: false });
    expect(fixed.map(({ tokens }) => tokens)).toEqual(open.map(({ tokens }) => tokens));
  });

  it('shrink to a quarter, and not below sixteen, where steps are of fixed sizes', () => {
    const sizes = (slots: number) =>
      [256, 65, 64, 17, 16, 3, 1].map((rows) => stepSize(Math.min(rows, slots), slots, true));
    expect(sizes(256)).toEqual([256, 256, 64, 64, 16, 16, 16]);
    expect(sizes(100)).toEqual([100, 100, 100, 25, 25, 7, 7]);
    expect(sizes(5)).toEqual([5, 5, 5, 5, 5, 5, 5]);
    expect(stepSize(1, 1, true)).toBe(1);
    expect([40, 2, 1].map((rows) => stepSize(rows, 256, false))).toEqual([40, 2, 2]);
  });

  it('stop between two steps when the task is cancelled', async () => {
    const { decoder, rows } = await watchedDecoder();
    const answers = prompts.map(({ example, tokens }) => answer(example, tokens, 20));
    let looks = 0;
    const safePoint = (): void => {
      if (++looks > 10) throw new Error('cancelled');
    };
    await expect(decode(answers, { ...decoding, decoder, safePoint })).rejects.toThrow('cancelled');
    // One look was for the first prompts.
    expect(rows).toEqual(new Array(9).fill(4));
  });
});

describe('the prefixes of prompts', () => {
  it('computes each prompt once, some together, and copies it to every row that asks', async () => {
    const decoder = await createDecoder(tinyConfig, await loadModel(model), { greedy: false });
    const calls: number[] = [];
    const counting: Decoder = {
      ...decoder,
      prefill: (cache, firstRow, group) => {
        calls.push(group.length);
        return decoder.prefill(cache, firstRow, group);
      },
    };
    const tokens = prompts.map((prompt) => prompt.tokens);
    // The longest prompt is 12 tokens and one more: eight rows.
    const prefixes = await createPrefixCache(counting, tokens, 100);
    const cache = await createCache(decoder.attention, 2, 20);
    const expected = await createCache(decoder.attention, 1, 20);
    let computed = 0;
    for (const prompt of tokens) {
      computed += await prefixes.copyTo(cache, 0, prompt);
      expect(await prefixes.copyTo(cache, 1, prompt)).toBe(0);
      await decoder.prefill(expected, 0, [prompt.slice(0, -1)]);
      const size = 20 * decoder.attention.size * decoder.attention.keyValueHeads;
      for (const row of [0, 1])
        cache.layers.forEach(({ keys, values }, layer) => {
          for (let head = 0; head < decoder.attention.keyValueHeads; head++) {
            const start = head * 20 * decoder.attention.size;
            const end = start + (prompt.length - 1) * decoder.attention.size;
            const alone = expected.layers[layer];
            expectClose(
              floats(keys).subarray(row * size + start, row * size + end),
              floats(alone?.keys).subarray(start, end),
            );
            expectClose(
              floats(values).subarray(row * size + start, row * size + end),
              floats(alone?.values).subarray(start, end),
            );
          }
        });
    }
    expect(calls).toEqual([8, 8, 4]);
    expect(computed).toBe(tokens.reduce((total, { length }) => total + length - 1, 0));
  });
});

function expectClose(own: Float32Array, expected: Float32Array = new Float32Array()): void {
  expect(own.length).toBe(expected.length);
  own.forEach((value, index) => {
    expect(Math.abs(value - (expected[index] ?? Number.NaN))).toBeLessThan(roundingBound);
  });
}
