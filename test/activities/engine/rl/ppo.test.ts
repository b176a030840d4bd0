/** A PPO update of a Llama with a value head against PyTorch: two passes of two mini-batches. */
import { describe, expect, it } from 'vitest';
import { bindAlgorithm } from '../../../../activities/engine/rl/index.js';
import { policyObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import { layOutAnswers, sequenceFeeds } from '../../../../activities/engine/training/layout.js';
import { answersGraph } from '../../../../activities/engine/training/scoringGraphs.js';
import { decodeTensors, ppoOf, readFixture, relativeError } from '../../../reference/fixtures.js';
import { type Feeds, floats, gradientsAsMoments, integers, parameterFeeds, runOnce, runSteps } from '../runGraph.js';

const fixture = readFixture('ppo');
const { config, optimiser, rollouts, batch, miniBatches } = fixture;
const parameters = decodeTensors(fixture.parameters);

function answerFeeds(indices: readonly number[]): Feeds {
  const layout = layOutAnswers(pick(rollouts, indices));
  return {
    ...sequenceFeeds(layout),
    labels: integers(layout.labels),
  };
}

/** What a mini-batch's loss reads; every answer weighs the same, and every token within an answer. */
function policyFeeds(indices: readonly number[]): Feeds {
  const perToken = (values: readonly (readonly number[])[]) => floats(pick(values, indices).flat());
  const weights = pick(rollouts, indices).map(({ answer }) => answer.map(() => 1 / (answer.length * indices.length)));
  return {
    ...answerFeeds(indices),
    old_log_probs: perToken(batch.logProbs),
    old_values: perToken(batch.values),
    advantages: perToken(batch.whitenedAdvantages),
    returns: perToken(batch.returns),
    weights: floats(weights.flat()),
  };
}

function pick<Item>(items: readonly Item[], indices: readonly number[]): Item[] {
  return indices.flatMap((index) => items.slice(index, index + 1));
}

const steps = miniBatches.map((indices, index) => ({
  feeds: policyFeeds(indices),
  learningRate: optimiser.learningRates[index] ?? Number.NaN,
}));

describe('scoring of given answers', () => {
  const everything = answerFeeds(rollouts.map((_, index) => index));

  it('gives the log-probabilities, values and entropies of PyTorch', async () => {
    const outputs = await runOnce(answersGraph(config, { values: true, entropies: true }), {
      ...everything,
      ...parameterFeeds(parameters),
    });
    expect(relativeError(outputs.get('log_probs')?.data ?? [], batch.logProbs.flat())).toBeLessThan(1e-5);
    expect(relativeError(outputs.get('values')?.data ?? [], batch.values.flat())).toBeLessThan(1e-5);
    expect(relativeError(outputs.get('entropies')?.data ?? [], batch.entropies.flat())).toBeLessThan(1e-5);
  });

  it('scores under a frozen reference without a value head', async () => {
    const modelGraph = answersGraph(config, { values: false, entropies: false });
    const names = new Set(modelGraph.parameters.map(([name]) => name));
    const reference = new Map(Array.from(decodeTensors(fixture.reference)).filter(([name]) => names.has(name)));
    const outputs = await runOnce(modelGraph, { ...everything, ...parameterFeeds(reference) });
    expect(relativeError(outputs.get('log_probs')?.data ?? [], batch.referenceLogProbs.flat())).toBeLessThan(1e-5);
  });
});

describe('policyObjective', () => {
  it('gives the gradients of PyTorch through policy and value loss together', async () => {
    const modelGraph = updateGraph(policyObjective(config, bindAlgorithm(ppoOf(fixture))), gradientsAsMoments);
    const [result] = await runSteps(modelGraph, parameters, gradientsAsMoments, steps.slice(0, 1));
    for (const [key, gradient] of decodeTensors(fixture.gradients))
      expect(relativeError(result?.state.first.get(key)?.data ?? [], gradient.data), key).toBeLessThan(2e-5);
  });

  it('takes the same four steps, ratios and values clipped on the way', async () => {
    const results = await runSteps(
      updateGraph(policyObjective(config, bindAlgorithm(ppoOf(fixture))), optimiser),
      parameters,
      optimiser,
      steps,
    );
    const metrics = {
      policyLoss: 'policyLoss',
      valueLoss: 'valueLoss',
      loss: 'loss',
      gradient_norm: 'gradientNorm',
      ratio: 'ratio',
      clipFraction: 'clipFraction',
      largestRatio: 'largestRatio',
      approximateKl: 'approximateKl',
    } as const;
    for (const [ours, theirs] of Object.entries(metrics))
      expect(
        relativeError(
          results.map(({ metrics }) => metrics[ours] ?? Number.NaN),
          fixture.steps.map((step) => step[theirs]),
        ),
        ours,
      ).toBeLessThan(1e-5);
    for (const [key, { data }] of decodeTensors(fixture.parametersAfter))
      expect(relativeError(results.at(-1)?.state.parameters.get(key)?.data ?? [], data), key).toBeLessThan(1e-5);
  });
});
