/** The two-class reward model against PyTorch's LlamaForSequenceClassification. */
import { describe, expect, it } from 'vitest';
import { rewardModelObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import { layOutWhole, sequenceFeeds } from '../../../../activities/engine/training/layout.js';
import { rewardModelGraph } from '../../../../activities/engine/training/scoringGraphs.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { floats, gradientsAsMoments, integers, parameterFeeds, runOnce, runSteps } from '../runGraph.js';

const fixture = readFixture('reward-model');
const { config, sequences } = fixture;
const parameters = decodeTensors(fixture.parameters);
const wholeSequences = sequenceFeeds(layOutWhole(sequences));

describe('reward model', () => {
  it('gives the probabilities of PyTorch', async () => {
    const outputs = await runOnce(rewardModelGraph(config), { ...wholeSequences, ...parameterFeeds(parameters) });
    const logProbs = outputs.get('class_log_probs')?.data ?? new Float32Array();
    const probabilities = sequences.map((_, row) => Math.exp(logProbs[2 * row + 1] ?? Number.NaN));
    expect(relativeError(probabilities, fixture.probabilities)).toBeLessThan(1e-5);
  });

  it('gives the loss and gradients of PyTorch, and counts what it judges right', async () => {
    const feeds = {
      ...wholeSequences,
      labels: integers(BigInt64Array.from(sequences, ({ correct }) => (correct ? 1n : 0n))),
      weights: floats(sequences.map(() => 1 / sequences.length)),
    };
    const modelGraph = updateGraph(rewardModelObjective(config), gradientsAsMoments);
    const [result] = await runSteps(modelGraph, parameters, gradientsAsMoments, [{ feeds, learningRate: 0 }]);
    const { loss = Number.NaN, gradient_norm: norm = Number.NaN, right } = result?.metrics ?? {};
    expect(relativeError([loss, norm], [fixture.loss, fixture.gradientNorm])).toBeLessThan(1e-5);
    const judgedRight = fixture.probabilities.filter((p, row) => p >= 0.5 === sequences[row]?.correct);
    expect(right).toBeCloseTo(judgedRight.length / sequences.length, 6);
    for (const [key, gradient] of decodeTensors(fixture.gradients))
      expect(relativeError(result?.state.first.get(key)?.data ?? [], gradient.data), key).toBeLessThan(1e-5);
  });
});
