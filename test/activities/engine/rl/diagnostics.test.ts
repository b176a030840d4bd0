/** Diagnostics by their definitions; the fixtures of ppo.test.ts and trainPolicy.test.ts hold them against PyTorch. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { exp } from '../../../../activities/engine/graph/operators.js';
import { entropy } from '../../../../activities/engine/losses/slicedVocabulary.js';
import {
  explainedVariance,
  ratioDiagnostics,
  rolloutDiagnostics,
} from '../../../../activities/engine/rl/diagnostics.js';
import { valueHeadShapes } from '../../../../activities/engine/training/declareModel.js';
import { layOutAnswers, sequenceFeeds } from '../../../../activities/engine/training/layout.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import { decodeTensors, ppoOf, readFixture, relativeError } from '../../../reference/fixtures.js';
import { randomNumbers } from '../../../support/randomNumbers.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';
import { floats, integers, runOnce } from '../runGraph.js';

const random = randomNumbers(3);

describe('explainedVariance', () => {
  const returns = Array.from({ length: 100 }, random.normal);

  it('is 1 for a perfect critic and for one that is off by a constant', () => {
    expect(explainedVariance(returns, returns)).toBeCloseTo(1, 12);
    expect(
      explainedVariance(
        returns,
        returns.map((value) => value + 7),
      ),
    ).toBeCloseTo(1, 12);
  });

  it('is 0 for a constant critic, and negative for one that is wrong the other way round', () => {
    expect(
      explainedVariance(
        returns,
        returns.map(() => 0.3),
      ),
    ).toBeCloseTo(0, 12);
    expect(
      explainedVariance(
        returns,
        returns.map((value) => -value),
      ),
    ).toBeCloseTo(-3, 12);
  });

  it('is 0 where there is nothing to explain', () => {
    expect(explainedVariance([1, 1], [0, 5])).toBe(0);
    expect(explainedVariance([], [])).toBe(0);
  });
});

describe('rolloutDiagnostics', () => {
  const answers = [
    {
      logProbs: [-1, -2, -3],
      entropies: [1, 0.5, 0],
      referenceLogProbs: [-1.5, -2, -4],
      sampledLogProbs: [-1, -2, -3],
    },
    { logProbs: [-4], entropies: [2.5], referenceLogProbs: [-3], sampledLogProbs: [-4.25] },
  ];

  it('takes means a token and an answer', () => {
    expect(rolloutDiagnostics(answers)).toEqual({
      entropy: 1,
      entropyPerSequence: 2,
      klPerToken: 0.125,
      klPerSequence: 0.25,
      answerLength: 2,
      samplerMismatch: 0.25,
      samplerMismatchMean: 0.0625,
      samplerRatio: (3 + Math.exp(0.25)) / 4,
    });
  });
});

describe('entropy', () => {
  it('is that of the definition in float64, over vocabularies small and large, for distributions flat and peaked', async () => {
    for (const [rows, width] of [
      [7, 3],
      [5, 1_000],
      [3, 40_000],
    ] as const) {
      const logits = Array.from({ length: rows }, (_, row) =>
        Array.from({ length: width }, () => 10 ** (row - 1) * random.normal()),
      );
      const logProbs = logits.map((row) => {
        const most = Math.max(...row);
        const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0)) + most;
        return row.map((logit) => logit - total);
      });
      const expected = logProbs.map((row) => -row.reduce((sum, logProb) => sum + Math.exp(logProb) * logProb, 0));
      const graph = createGraph();
      output(entropy(input(graph, 'all', 'float32', ['rows', width])), 'entropies');
      const all = floats(logProbs.flat()).reshape([rows, width]);
      const outputs = await runOnce({ graph }, { all });
      expect(relativeError(outputs.get('entropies')?.data ?? [], expected)).toBeLessThan(1e-5);
    }
  });
});

describe('ratioDiagnostics', () => {
  it('are those of the whole batch where it comes in micro-batches', async () => {
    const fixture = readFixture('ppo');
    const { config, batch, rollouts } = fixture;
    const folder = await temporaryFolder();
    const model = await writeModel(join(folder, 'model.safetensors'), config, decodeTensors(fixture.parameters));
    const feedsOf = (indices: readonly number[]) => {
      const chosen = <Item>(items: readonly Item[]): Item[] =>
        indices.flatMap((index) => items.slice(index, index + 1));
      const layout = layOutAnswers(chosen(rollouts));
      const weights = chosen(rollouts).flatMap(({ answer }) => answer.map(() => 1 / (answer.length * rollouts.length)));
      return {
        ...sequenceFeeds(layout),
        labels: integers(layout.labels),
        weights: floats(weights),
        // Of the reference's log-probabilities the model is some way off, so that ratios differ.
        old_log_probs: floats(chosen(batch.referenceLogProbs).flat()),
        old_values: floats(chosen(batch.values).flat()),
        advantages: floats(chosen(batch.whitenedAdvantages).flat()),
        returns: floats(chosen(batch.returns).flat()),
      };
    };
    const metricsOf = async (groups: readonly (readonly number[])[]) => {
      const training = { objective: 'policy', config, algorithm: ppoOf(fixture) } as const;
      const head = { shapes: valueHeadShapes(config), create: () => new Float32Array() };
      const trainer = await createTrainer(training, model, fixture.optimiser, head);
      return trainer.step(groups.map(feedsOf), 0);
    };
    const whole = await metricsOf([[0, 1, 2, 3, 4]]);
    expect(whole.largestRatio).toBeGreaterThan(1.05);
    expect(whole.approximateKl).toBeGreaterThan(1e-4);
    for (const groups of [
      [
        [0, 1],
        [2, 3, 4],
      ],
      [[4], [3], [2], [1], [0]],
    ]) {
      const metrics = await metricsOf(groups);
      for (const [name, value] of Object.entries(whole))
        expect(relativeError([metrics[name] ?? Number.NaN], [value]), name).toBeLessThan(2e-5);
    }
  });

  it('estimates KL without bias: over all tokens of a vocabulary it is the divergence itself', async () => {
    const draw = (): number[] => {
      const weights = Array.from({ length: 50 }, () => Math.exp(random.normal()));
      const total = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => weight / total);
    };
    const [old, updated] = [draw(), draw()];
    const logRatios = old.map((probability, token) => Math.log((updated[token] ?? 0) / probability));
    const divergence = old.reduce((total, probability, token) => total - probability * (logRatios[token] ?? 0), 0);
    const graph = createGraph();
    const logRatio = input(graph, 'log_ratio', 'float32', ['answers']);
    const weights = input(graph, 'weights', 'float32', ['answers']);
    const surrogate = { loss: logRatio, clipped: logRatio, clippedLow: logRatio, ratio: exp(logRatio), logRatio };
    const { metrics, peaks } = ratioDiagnostics(surrogate, weights);
    for (const [name, tensor] of Object.entries({ ...metrics, ...peaks })) output(tensor, name);
    const outputs = await runOnce({ graph }, { log_ratio: floats(logRatios), weights: floats(old) });
    const read = (name: string): ArrayLike<number> => outputs.get(name)?.data ?? [];
    expect(relativeError(read('approximateKl'), [divergence])).toBeLessThan(1e-5);
    expect(relativeError(read('ratio'), [1])).toBeLessThan(1e-5);
    expect(relativeError(read('largestRatio'), [Math.exp(Math.max(...logRatios))])).toBeLessThan(1e-6);
  });
});
