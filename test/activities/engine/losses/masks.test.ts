/**
 * Losses see answers only. What lies in padding changes nothing at all; and in a model whose positions cannot see each other,
 * nothing in a prompt but its last token (which predicts the first answer token) changes a loss, a metric or a gradient.
 */
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { bindAlgorithm } from '../../../../activities/engine/rl/index.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import { policyObjective, supervisedObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { layOutAnswers, sequenceFeeds } from '../../../../activities/engine/training/layout.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { required } from '../../../../activities/invariant.js';
import { decodeTensors, ppoOf, readFixture, relativeError } from '../../../reference/fixtures.js';
import { randomNumbers } from '../../../support/randomNumbers.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { type Feeds, floats, gradientsAsMoments, integers, runSteps } from '../runGraph.js';

const fixture = readFixture('ppo');
const { config, rollouts, batch } = fixture;
const parameters = decodeTensors(fixture.parameters);
const folder = await temporaryFolder();
const random = randomNumbers(4);

function feedsOf(sequences: readonly TokenSequence[]): Feeds {
  const layout = layOutAnswers(sequences);
  const weights = sequences.flatMap(({ answer }) => answer.map(() => 1 / (answer.length * sequences.length)));
  return {
    ...sequenceFeeds(layout),
    labels: integers(layout.labels),
    weights: floats(weights),
    old_log_probs: floats(batch.logProbs.flat()),
    old_values: floats(batch.values.flat()),
    advantages: floats(batch.whitenedAdvantages.flat()),
    returns: floats(batch.returns.flat()),
  };
}

const objectives = {
  'cross-entropy': () => supervisedObjective(config),
  PPO: () => policyObjective(config, bindAlgorithm(ppoOf(fixture))),
};
const onlyIn = (feeds: Feeds, names: readonly string[]): Feeds =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => !names.includes(name)));

/** Metrics and gradients of one step. */
async function stepOn(name: keyof typeof objectives, weights: Parameters, feeds: Feeds) {
  const modelGraph = updateGraph(objectives[name](), gradientsAsMoments);
  const known = new Set(modelGraph.parameters.map(([key]) => key));
  const own = new Map([...weights].filter(([key]) => known.has(key)));
  const fed = name === 'PPO' ? feeds : onlyIn(feeds, ['old_log_probs', 'old_values', 'advantages', 'returns']);
  const [result] = await runSteps(modelGraph, own, gradientsAsMoments, [{ feeds: fed, learningRate: 0 }]);
  if (!result) throw new Error('no step was taken');
  return { metrics: result.metrics, gradients: result.state.first };
}

/** A model whose attention puts out nothing: each state depends on its own token alone. */
const blind: Parameters = new Map(
  [...parameters].map(([name, { shape, data }]) => [
    name,
    { shape, data: name.endsWith('o_proj.weight') ? new Float32Array(data.length) : data },
  ]),
);

/** The gradient of what attention would put out depends on the context, whatever it is used for. */
const seesContext = (name: string): boolean => name.endsWith('o_proj.weight');

/** Other tokens, and as many as chance has it, before a prompt's last. */
function otherPrompt<Sequence extends TokenSequence>(sequence: Sequence): Sequence {
  const before = Array.from({ length: random.integer(0, 9) }, () => random.integer(2, config.vocab_size - 1));
  return { ...sequence, prompt: [...before, ...sequence.prompt.slice(-1)] };
}

describe.each(['cross-entropy', 'PPO'] as const)('%s', (name) => {
  it('has the same loss, metrics and gradients, to the last bit, whatever lies in padding', async () => {
    const feeds = feedsOf(rollouts);
    const grid = feeds.grid as Tensor;
    const places = grid.data as BigInt64Array;
    const tokens = feeds.tokens?.size ?? 0;
    expect(places).toContain(-1n);
    const expected = await stepOn(name, parameters, feeds);
    for (let trial = 0; trial < 3; trial++) {
      // A negative place counts from the end: padding is filled with copies of any tokens.
      const filled = places.map((place) => (place < 0n ? BigInt(-random.integer(1, tokens)) : place));
      const actual = await stepOn(name, parameters, { ...feeds, grid: integers(filled, grid.dims) });
      expect(actual.metrics).toEqual(expected.metrics);
      for (const [key, { data }] of expected.gradients) expect(actual.gradients.get(key)?.data, key).toEqual(data);
    }
  });

  it('never reads a prompt but through what answers see of it', async () => {
    const expected = await stepOn(name, blind, feedsOf(rollouts));
    for (let trial = 0; trial < 3; trial++) {
      const actual = await stepOn(name, blind, feedsOf(rollouts.map(otherPrompt)));
      for (const [metric, value] of Object.entries(expected.metrics))
        if (metric !== 'gradient_norm')
          expect(relativeError([actual.metrics[metric] ?? Number.NaN], [value]), metric).toBeLessThan(1e-6);
      for (const [key, { data }] of expected.gradients)
        if (!seesContext(key))
          expect(relativeError(actual.gradients.get(key)?.data ?? [], data), key).toBeLessThan(1e-5);
    }
  });

  it('does read the last token of a prompt, and the answer', async () => {
    const { metrics } = await stepOn(name, blind, feedsOf(rollouts));
    const change = (tokens: readonly number[]): number[] =>
      tokens.map((token, index) => (index === tokens.length - 1 ? 2 + ((token + 1) % (config.vocab_size - 2)) : token));
    const otherLast = rollouts.map((rollout) => ({ ...rollout, prompt: change(rollout.prompt) }));
    const otherAnswer = rollouts.map((rollout) => ({ ...rollout, answer: change(rollout.answer) }));
    for (const others of [otherLast, otherAnswer])
      expect((await stepOn(name, blind, feedsOf(others))).metrics.loss).not.toBeCloseTo(metrics.loss ?? 0, 4);
  });
});

describe('a PPO round', () => {
  it('has the same rewards, advantages, losses and updates whatever prompts and padding hold', async () => {
    const model = await writeModel(join(folder, 'blind.safetensors'), config, blind);
    const reference = await writeModel(
      join(folder, 'reference.safetensors'),
      config,
      new Map([...blind].map(([key, { shape, data }]) => [key, { shape, data: data.map((value) => 0.9 * value) }])),
    );
    const train = async (prompts: typeof rollouts, directory: string) => {
      const { metrics, files } = await trainPolicy(
        {
          algorithm: ppoOf(fixture),
          maxAnswerTokens: 8,
          model,
          reference,
          rollouts: prompts.map((rollout, index) => ({
            ...rollout,
            group: index,
            truncated: false,
            logProbs: batch.logProbs[index] ?? [],
          })),
          // One step: after it, attention has something to put out.
          miniBatches: [rollouts.map((_, index) => index)],
          optimiser: { ...fixture.optimiser, maxGradNorm: 1e30 },
          outputDirectory: join(folder, directory),
        },
        quietContext,
      );
      return { metrics, weights: (await readSafetensors(files.parameters)).tensors };
    };
    const expected = await train(rollouts, 'as-they-are');
    const actual = await train(rollouts.map(otherPrompt), 'other-prompts');
    for (const [name, value] of Object.entries(expected.metrics)) {
      if (name === 'gradientNorm') continue;
      const other = required(actual.metrics[name], name);
      expect(Math.abs(other - value), name).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
    }
    for (const [key, { data }] of expected.weights)
      if (!seesContext(key)) expect(relativeError(actual.weights.get(key)?.data ?? [], data), key).toBeLessThan(1e-5);
  });
});
