/** What padding costs on real batches: nothing outside attention, and what a padded layout would have cost. */
import { describe, expect, it } from 'vitest';
import { toExamples } from '../../../../activities/data/examples.js';
import { promptText, templatePieces } from '../../../../activities/data/format.js';
import { loadQuestions } from '../../../../activities/data/sets/index.js';
import { loadTokenizer } from '../../../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../../../activities/data/tokenizer/trainTokenizer.js';
import { type LlamaConfig, languageModel } from '../../../../activities/engine/models/index.js';
import { permutation } from '../../../../activities/engine/sampling/random.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import {
  groupByLength,
  layOutAnswers,
  layOutWhole,
  sequenceFeeds,
  trainedLength,
  withinTokens,
} from '../../../../activities/engine/training/layout.js';
import { InvalidData } from '../../../../activities/errors.js';
import { resolveSpec } from '../../../../workflows/config/resolve.js';
import { dataDirectory } from '../../data/dataDirectory.js';
import { sourceAccess } from '../../data/sourceAccess.js';
import { tinyConfig } from '../support/tinyConfig.js';

/** The training examples of a preset, in the order of its first epoch. */
async function trainingSequences(preset: string): Promise<TokenSequence[]> {
  const { data, seed } = resolveSpec({ preset });
  const sets = await loadQuestions({ data, seed, ...sourceAccess(dataDirectory) });
  const train = [...sets.train];
  const style = { format: data.cot, docstring: data.docstring };
  const texts = train.flatMap(({ question, answer = '' }) => [promptText(question, style), answer]);
  const tokenizer = loadTokenizer(trainTokenizer(texts, { ...data.tokenizer, templates: templatePieces }));
  const examples = [...toExamples(train, style, tokenizer)];
  const order = permutation(examples.length, { seed, purpose: 'order-warm-up', round: 0 });
  return Array.from(order, (index) => ({
    prompt: examples[index]?.promptTokens ?? [],
    answer: examples[index]?.answerTokens ?? [],
  }));
}

function inBatches(sequences: readonly TokenSequence[], size: number): TokenSequence[][] {
  return Array.from({ length: Math.ceil(sequences.length / size) }, (_, index) =>
    sequences.slice(index * size, (index + 1) * size),
  );
}

const share = (used: number, all: number): number => 1 - used / all;
const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/**
 * The share of a step's multiplications that go to padding. A token is multiplied with every weight but the embedding, one that an
 * answer token is predicted from also with the head; attention multiplies each two places of a sequence, laid out as long as the
 * batch's longest.
 */
function paddedWork(batches: readonly (readonly TokenSequence[])[], config: LlamaConfig): number {
  const { shapes, attention } = languageModel(config);
  const head = config.vocab_size * config.hidden_size;
  const matrices = shapes.filter(([name, { length }]) => length === 2 && !/embed|lm_head/.test(name));
  const weights = total(matrices.map(([, [rows = 0, columns = 0]]) => rows * columns));
  const pair = 2 * attention.layers.length * attention.heads * attention.size;
  const layouts = batches.map(layOutAnswers);
  const products = total(layouts.map(({ tokens, labels }) => tokens.length * weights + labels.length * head));
  const rectangles = pair * total(layouts.map(({ batch, time }) => batch * time ** 2));
  const used = pair * total(batches.flat().map((sequence) => trainedLength(sequence) ** 2));
  return (rectangles - used) / (products + rectangles);
}

const demoSizes = {
  ...tinyConfig,
  ...{ vocab_size: 100, hidden_size: 64, intermediate_size: 160, num_hidden_layers: 2, num_key_value_heads: 4 },
};
const smollm2Sizes = {
  ...{ vocab_size: 49_152, hidden_size: 576, intermediate_size: 1_536, num_hidden_layers: 30 },
  ...{ num_attention_heads: 9, num_key_value_heads: 3, head_dim: 64 },
};

describe.each([
  ['demo', 'demo', demoSizes, 0.1, false],
  ['svamp', 'SmolLM2-135M', { ...tinyConfig, ...smollm2Sizes }, 0.1, dataDirectory === undefined],
  // Two layers of 64: so little work a token that attention, and its padding, is much of it.
  ['svamp', 'a tiny model', { ...demoSizes, vocab_size: 1_000 }, 1 / 3, dataDirectory === undefined],
] as const)('training on %s', (preset, model, config, most, missing) => {
  it.skipIf(missing)(
    `spends at most ${(100 * most).toFixed(0)} % of its multiplications on padding: ${model}`,
    async () => {
      const { warmUp } = resolveSpec({ preset });
      const share = paddedWork(inBatches(await trainingSequences(preset), warmUp.batchSize), config);
      console.log(`${preset}, ${model}: ${(100 * share).toFixed(1)} % of a step's multiplications are padding's`);
      expect(share).toBeLessThan(most);
    },
  );
});

describe.each([
  ['demo', false],
  ['svamp', dataDirectory === undefined],
])('batches of %s', (preset, missing) => {
  it.skipIf(missing)('have no padding but in attention, where a padded layout would have over 10 %', async () => {
    const sequences = await trainingSequences(preset);
    expect(sequences.length).toBeGreaterThan(900);
    const used = total(sequences.map(trainedLength));
    for (const size of [16, 32, 125]) {
      const layouts = inBatches(sequences, size).map(layOutAnswers);
      expect(total(layouts.map((layout) => sequenceFeeds(layout).tokens.size))).toBe(used);
      const padded = total(layouts.map(({ batch, time }) => batch * time));
      console.log(
        `${preset}, batches of ${size}: padded rows would be ${(100 * share(used, padded)).toFixed(1)} % padding`,
      );
      expect(share(used, padded)).toBeGreaterThan(0.1);
    }
    // What has to be split is split by length, so that attention's padding is small as well.
    const lengths = sequences.map(trainedLength);
    const groups = groupByLength(lengths, withinTokens(lengths, 2_048));
    const places = total(groups.map((group) => group.length * Math.max(...group.map((index) => lengths[index] ?? 0))));
    expect(groups.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, index) => index));
    expect(share(used, places)).toBeLessThan(0.05);
  });
});

describe('layout', () => {
  const sequences = [
    { prompt: [5, 6], answer: [7, 1] },
    { prompt: [8], answer: [1] },
    { prompt: [9, 10, 11], answer: [12, 13, 1] },
  ];

  it('puts tokens end to end and finds the state that predicts each answer token', () => {
    const layout = layOutAnswers(sequences);
    expect([...layout.tokens]).toEqual([5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n, 13n]);
    expect([...layout.labels]).toEqual([7n, 1n, 1n, 12n, 13n, 1n]);
    expect([...layout.positions]).toEqual([1n, 2n, 3n, 6n, 7n, 8n]);
    expect(layout.answerLengths).toEqual([2, 1, 3]);
  });

  it('says where each token lies in a padded rectangle, and back', () => {
    const { batch, time, grid, slots } = layOutAnswers(sequences);
    expect([batch, time]).toEqual([3, 5]);
    expect([...grid]).toEqual([0, 1, 2, -1, -1, 3, -1, -1, -1, -1, 4, 5, 6, 7, 8].map(BigInt));
    slots.forEach((slot, token) => {
      expect(grid[Number(slot)]).toBe(BigInt(token));
    });
  });

  it("of whole sequences ends at each one's last token", () => {
    const layout = layOutWhole(sequences);
    expect([...layout.positions].map((position) => layout.tokens[Number(position)])).toEqual([1n, 1n, 1n]);
    expect(layout.tokens).toHaveLength(12);
  });

  it('refuses an empty prompt or answer', () => {
    const lay = (prompt: number[], answer: number[]) => () =>
      layOutAnswers([
        { prompt: [2], answer: [1] },
        { prompt, answer },
      ]);
    expect(lay([], [1])).toThrow(InvalidData);
    expect(lay([2], [])).toThrow('sequence 1 of a batch of 2 has 1 prompt and 0 answer tokens');
  });
});
