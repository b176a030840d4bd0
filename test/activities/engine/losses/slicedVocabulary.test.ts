/** Log-probabilities computed in slices of the vocabulary: what the definition gives in float64, with its gradients. */
import { describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { slicedLogProbs, slicesOf } from '../../../../activities/engine/losses/slicedVocabulary.js';
import { tokenLogProbs } from '../../../../activities/engine/losses/tokenLogProbs.js';
import { relativeError } from '../../../reference/fixtures.js';
import { randomNumbers } from '../../../support/randomNumbers.js';
import { gradientErrors } from '../graph/centralDifferences.js';
import { floats, integers, runOnce } from '../runGraph.js';

const random = randomNumbers(4);

/** log softmax of hidden · matrixᵀ, row by row. */
function logProbsOf(hidden: readonly number[], matrix: readonly number[], size: number): number[][] {
  const rows = Array.from({ length: hidden.length / size }, (_, row) => hidden.slice(row * size, (row + 1) * size));
  return rows.map((states) => {
    const logits = Array.from({ length: matrix.length / size }, (_, token) =>
      states.reduce((sum, state, at) => sum + state * (matrix[token * size + at] ?? Number.NaN), 0),
    );
    const most = Math.max(...logits);
    const total = most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    return logits.map((logit) => logit - total);
  });
}

const picked = (logProbs: readonly number[][], labels: readonly number[]): number[] =>
  labels.map((label, row) => logProbs[row]?.[label] ?? Number.NaN);

describe('slicesOf', () => {
  it('leaves a small vocabulary whole, and one that does not come in equal slices of a good size', () => {
    for (const vocabulary of [1, 1_000, 6_000, 6_007, 2 * 6_007]) expect(slicesOf(vocabulary)).toBe(1);
  });

  it.each([
    ['SmolLM2', 49_152, 32],
    ['GPT-2', 50_257, 29],
    ['OPT', 50_272, 32],
    ['CodeLLAMA', 32_016, 16],
    ['Qwen2', 151_936, 128],
  ])('cuts that of %s into slices of 750 to 6,000', (_, vocabulary, slices) => {
    expect(slicesOf(vocabulary)).toBe(slices);
  });

  it('takes 750 where there is nothing wider, and of two widths as near to 1,700 the wider', () => {
    expect(slicesOf(750 * 6_007)).toBe(6_007);
    expect(slicesOf(14_400)).toBe(14_400 / 1_800);
  });
});

describe('slicedLogProbs', () => {
  it('has the gradients of the whole, with labels at both ends of slices', async () => {
    const values = [0, 2, 3, 11, 8];
    const errors = await gradientErrors({
      name: 'sliced vocabulary',
      inputs: { hidden: { shape: ['n', 3], from: -2, to: 2 }, matrix: { shape: [12, 3], from: -2, to: 2 } },
      indices: { labels: { shape: ['n'], values } },
      sizes: { n: 5 },
      build: (t) => slicedLogProbs(t('hidden'), t('matrix'), t('labels'), 4).chosen,
      forward: (numbers) => picked(logProbsOf(numbers('hidden'), numbers('matrix'), 3), values),
    });
    for (const error of Object.values(errors)) expect(error).toBeLessThan(1e-5);
  });

  it('is right over a vocabulary of a real size, for distributions flat and peaked', async () => {
    const [vocabulary, size] = [12_000, 8];
    const hidden = [0.01, 0.3, 1, 3, 10].flatMap((scale) =>
      Array.from({ length: size }, () => scale * random.normal()),
    );
    const matrix = Array.from({ length: vocabulary * size }, () => random.normal());
    const labels = Array.from({ length: hidden.length / size }, () => random.integer(0, vocabulary - 1));
    const graph = createGraph();
    const { chosen, entropy } = tokenLogProbs(
      input(graph, 'hidden', 'float32', ['n', size]),
      input(graph, 'matrix', 'float32', [vocabulary, size]),
      input(graph, 'labels', 'int64', ['n']),
    );
    output(chosen, 'chosen');
    output(entropy(), 'entropies');
    const outputs = await runOnce(
      { graph },
      {
        hidden: floats(hidden).reshape([labels.length, size]),
        matrix: floats(matrix).reshape([vocabulary, size]),
        labels: integers(BigInt64Array.from(labels, BigInt)),
      },
    );
    const logProbs = logProbsOf(hidden, matrix, size);
    const entropies = logProbs.map((row) => -row.reduce((sum, logProb) => sum + Math.exp(logProb) * logProb, 0));
    expect(slicesOf(vocabulary)).toBe(8);
    expect(relativeError(outputs.get('chosen')?.data ?? [], picked(logProbs, labels))).toBeLessThan(1e-6);
    expect(relativeError(outputs.get('entropies')?.data ?? [], entropies)).toBeLessThan(1e-6);
  });
});
