/** The page "Write an algorithm": its example, as it stands there, compiles and trains a tiny model. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import type { BoundAlgorithm } from '../../activities/engine/rl/algorithm.js';
import { algorithmNames } from '../../activities/engine/rl/index.js';
import { answersGraph, policyObjective, updateGraph } from '../../activities/engine/training/graphs.js';
import { layOutAnswers, sequenceFeeds } from '../../activities/engine/training/layout.js';
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

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Where the page says that it goes. No such file is there. */
const place = join(root, 'activities/engine/rl/reinforce.ts');
const page = await readFile(join(root, 'activities/engine/rl/WRITE_AN_ALGORITHM.md'), 'utf8');
const source = required(page.match(/^```ts\n([\s\S]*?)^```$/m)?.[1], 'the example');

/** A folder for the example, with imports that lead from there to where they do on the page. */
async function putAside(): Promise<string> {
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache/page-'));
  afterAll(() => rm(folder, { recursive: true }));
  const moved = source.replace(
    /from '(\.[^']+)'/g,
    (_, target: string) => `from '${relative(folder, join(dirname(place), target))}'`,
  );
  await writeFile(join(folder, 'reinforce.ts'), moved);
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['reinforce.ts'] }),
  );
  return folder;
}

const folder = await putAside();
const load = (): Promise<{ readonly reinforce?: { readonly bind: (options: unknown) => BoundAlgorithm } }> =>
  import(join(folder, 'reinforce.ts'));

it('the example compiles', async () => {
  const run = promisify(execFile);
  const compiler = join(root, 'node_modules/.bin/tsc');
  const said = await run(compiler, ['-p', folder]).catch(({ stdout }: { readonly stdout: string }) => ({ stdout }));
  expect(said.stdout).toBe('');
});

it('the example makes right answers likelier, and wrong ones less likely', async () => {
  const { reinforce } = await load();
  const algorithm = required(reinforce, 'the example’s export').bind({});
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
