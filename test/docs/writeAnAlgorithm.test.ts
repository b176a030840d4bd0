/** The page "Write an algorithm": its example, as it stands there, compiles and trains a tiny model. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BoundAlgorithm } from '../../activities/engine/rl/algorithm.js';
import { algorithmNames } from '../../activities/engine/rl/index.js';
import { policyObjective, updateGraph } from '../../activities/engine/training/graphs.js';
import { layOutAnswers, sequenceFeeds } from '../../activities/engine/training/layout.js';
import { answersGraph } from '../../activities/engine/training/scoringGraphs.js';
import type { Parameters } from '../../activities/engine/weights/parameters.js';
import { at, required } from '../../activities/invariant.js';
import { rollout, roundContext } from '../activities/engine/rl/rollouts.js';
import {
  floats,
  gradientsAsMoments,
  integers,
  parameterFeeds,
  runOnce,
  runSteps,
} from '../activities/engine/runGraph.js';
import { decodeTensors, readFixture } from '../reference/fixtures.js';
import { putAside, root } from './pageExample.js';

const page = await readFile(join(root, 'activities/engine/rl/WRITE_AN_ALGORITHM.md'), 'utf8');
const source = required(page.match(/^```ts\n([\s\S]*?)^```$/m)?.[1], 'the example');
const example = await putAside(source, 'activities/engine/rl/reinforce.ts');

it('the example compiles', async () => expect(await example.compile()).toBe(''));

it('the example makes right answers likelier, and wrong ones less likely', async () => {
  const { reinforce } = await example.load();
  const { bind } = reinforce as { readonly bind: (options: unknown) => BoundAlgorithm };
  const algorithm = bind({});
  expect(algorithmNames).not.toContain('reinforce');

  const { config, parameters, samples, maxAnswerTokens } = readFixture('algorithms');
  const weights: Parameters = new Map([...decodeTensors(parameters)].filter(([name]) => !name.startsWith('value_')));
  const layout = layOutAnswers(samples);
  const answers = { ...sequenceFeeds(layout), labels: integers(layout.labels) };
  /** log π of each answer token, an array an answer. */
  const logProbsUnder = async (model: Parameters): Promise<Float32Array[]> => {
    const scoring = answersGraph(config, { values: false, entropies: false });
    const outputs = await runOnce(scoring, { ...answers, ...parameterFeeds(model) });
    const all = Float32Array.from(required(outputs.get('log_probs'), 'log_probs').data);
    let end = 0;
    return layout.answerLengths.map((length) => {
      end += length;
      return all.slice(end - length, end);
    });
  };
  const before = await logProbsUnder(weights);
  const rollouts = samples.map(({ question, reward, truncated, answer }, index) => {
    const logProbs = at(before, index);
    return rollout(question, reward, answer.length, { truncated, logProbs, sampledLogProbs: logProbs });
  });
  const { inputsOf, metrics } = algorithm.prepare(rollouts, roundContext(maxAnswerTokens));
  const inputs = inputsOf(samples.map((_, index) => index));
  const flat = (name: string) =>
    floats(
      samples.flatMap(({ answer }, index) => {
        const value = required(at(inputs, index)[name], name);
        return typeof value === 'number' ? answer.map(() => value) : Array.from(value);
      }),
    );
  const named = Object.fromEntries(Object.keys(at(inputs, 0)).map((name) => [name, flat(name)]));
  const modelGraph = updateGraph(policyObjective(config, algorithm), { ...gradientsAsMoments, maxGradNorm: 1 });
  const [step] = await runSteps(modelGraph, weights, gradientsAsMoments, [
    { feeds: { ...answers, ...named }, learningRate: 1e-2 },
  ]);
  const { state, metrics: seen } = required(step, 'a step');
  expect(seen.clipFraction).toBe(0);
  expect(seen.ratio).toBeCloseTo(1, 5);

  const after = await logProbsUnder(state.parameters);
  const baseline = required(metrics.baseline, 'the baseline');
  /** What the policy's gain is to first order: Σ advantage · change of log π, a mean a token. */
  const gain = samples.reduce((total, { reward, answer }, index) => {
    const change = at(after, index).reduce((sum, logProb, token) => sum + logProb - at(at(before, index), token), 0);
    return total + ((reward - baseline) * change) / answer.length;
  }, 0);
  expect(gain).toBeGreaterThan(0);
});
