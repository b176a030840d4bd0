/** One round of every method against PyTorch, from the same weights and the same samples. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAddSamples } from '../../../../activities/addSamples.js';
import { loadTokenizer } from '../../../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../../../activities/data/tokenizer/trainTokenizer.js';
import type { Example } from '../../../../activities/data/types.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import { trainSupervised } from '../../../../activities/engine/tasks/trainSupervised.js';
import type { WeightedSequence } from '../../../../activities/engine/training/layout.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { required } from '../../../../activities/invariant.js';
import type { ScoredSample } from '../../../../activities/rewards/samples.js';
import { selfTrainingBatch } from '../../../../activities/trainOnSamples.js';
import { decodeTensors, ppoOf, readFixture, relativeError } from '../../../reference/fixtures.js';
import { createMemoryStore } from '../../data/memoryStore.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';

const fixture = readFixture('methods');
const { config, optimiser, questions, samples, miniBatches } = fixture;
const folder = await temporaryFolder();
const initial = decodeTensors(fixture.parameters);
const trunk = new Map([...initial].filter(([name]) => !name.startsWith('value_head.')));
const model = await writeModel(join(folder, 'model.safetensors'), config, trunk);
const withValueHead = await writeModel(join(folder, 'policy.safetensors'), config, initial);
const reference = await writeModel(join(folder, 'reference.safetensors'), config, decodeTensors(fixture.reference));

/** A word a token, so that texts are as different as the tokens are. */
const tokenizerJson = trainTokenizer(['a b c d e f g h i j k l m n o p'], {
  kind: 'word',
  vocabularySize: 64,
  templates: [],
});
const tokenizer = loadTokenizer(tokenizerJson);

const examples = questions.map(
  ({ prompt, answer }, index): Example => ({
    id: `question ${index}`,
    question: '',
    prompt: '',
    promptTokens: prompt,
    answer: tokenizer.decode(answer),
    answerTokens: answer,
    answerValue: 1,
  }),
);
const scored = samples.map(
  ({ question, answer, reward, truncated }, index): ScoredSample => ({
    example: question,
    sample: index % 4,
    tokens: answer,
    logProbs: answer.map(() => -1),
    truncated,
    text: tokenizer.decode(answer),
    value: reward > 0 ? reward : null,
    correct: reward === 1,
    reward,
  }),
);
type Metrics = Readonly<Record<string, number>>;
const metricOf = (metrics: Metrics, name: string): number => required(metrics[name], name);
/** Of no consequence for the update. */
const sampled = ({ answer }: { readonly answer: readonly number[] }): number[] => answer.map(() => -1);
const outputDirectory = (name: string): string => join(folder, name);

async function compare(name: string, files: ModelFiles, losses: readonly number[]): Promise<void> {
  const expected = fixture.rounds[name];
  if (!expected) throw new Error(`the fixture has no ${name}`);
  expect(losses).toHaveLength(expected.losses.length);
  losses.forEach((loss, step) => {
    expect(relativeError([loss], expected.losses.slice(step, step + 1)), `loss of step ${step}`).toBeLessThan(1e-5);
  });
  const { tensors } = await readSafetensors(files.parameters);
  for (const [key, { data }] of decodeTensors(expected.parametersAfter)) {
    const before = initial.get(key)?.data ?? [];
    const after = tensors.get(key)?.data ?? [];
    expect(after.length, key).toBe(data.length);
    const difference = Math.max(...data.map((value, index) => Math.abs(value - (after[index] ?? Number.NaN))));
    expect(difference, key).toBeLessThan(1e-5);
    // A step that does nothing would also be near.
    expect(Math.max(...data.map((value, index) => Math.abs(value - (before[index] ?? 0)))), key).toBeGreaterThan(1e-3);
  }
}

async function supervisedStep(name: string, batch: readonly WeightedSequence[]): Promise<void> {
  const task = { model, batches: [batch], optimiser, outputDirectory: outputDirectory(name) };
  const { files, loss } = await trainSupervised(task, quietContext);
  await compare(name, files, [loss]);
}

describe('one round, as PyTorch does it', () => {
  it('of SFT', () => supervisedStep('sft', questions));

  it('of offline self-training: right samples, each another text, beside the annotated answers', async () => {
    const store = createMemoryStore();
    const { train, added } = await createAddSamples({ store, workDirectory: outputDirectory('add-samples') })({
      train: { ...(await store.putLines(examples)), count: examples.length },
      scored: [await store.putLines(scored.slice(0, 8)), await store.putLines(scored.slice(8))],
      keepPerQuestion: fixture.keepPerQuestion,
      tokenizer: await store.putJson(tokenizerJson),
      endTokens: tokenizer.endTokens,
      padToken: tokenizer.padToken,
    });
    expect([added, train.count]).toEqual([5, 9]);
    const enlarged = (await store.getLines(train)) as Example[];
    const batch = enlarged.map(({ promptTokens, answerTokens = [] }) => ({
      prompt: promptTokens,
      answer: answerTokens,
    }));
    await supervisedStep('offline-self-training', batch);
  });

  it.each([
    ['online-self-training', 0.5],
    ['expert-iteration', 0],
  ] as const)('of %s', (name, share) => supervisedStep(name, selfTrainingBatch(examples, scored, examples, share)));

  it('of PPO', async () => {
    const rollouts = samples.map((sample) => ({ ...sample, group: sample.question, logProbs: sampled(sample) }));
    const everything = samples.map((_, index) => index);
    const { files, metrics } = await trainPolicy(
      {
        algorithm: ppoOf(fixture.ppo),
        maxAnswerTokens: fixture.maxAnswerTokens,
        model: withValueHead,
        reference,
        rollouts,
        miniBatches: [everything],
        optimiser,
        outputDirectory: outputDirectory('reft'),
      },
      quietContext,
    );
    await compare('reft', files, [
      metricOf(metrics, 'policyLoss') + fixture.ppo.valueCoefficient * metricOf(metrics, 'valueLoss'),
    ]);
  });

  it('of PPO in two passes, ratios and values clipped in the second', async () => {
    const rollouts = samples.map((sample) => ({ ...sample, group: sample.question, logProbs: sampled(sample) }));
    const everything = samples.map((_, index) => index);
    const { clipRange, ppo, secondPass } = fixture;
    const round = (passes: number) =>
      trainPolicy(
        {
          algorithm: { ...ppoOf(ppo), clipRange, valueClipRange: clipRange },
          maxAnswerTokens: fixture.maxAnswerTokens,
          model: withValueHead,
          reference,
          rollouts,
          miniBatches: new Array<number[]>(passes).fill(everything),
          optimiser,
          outputDirectory: outputDirectory(`reft ${passes}`),
        },
        quietContext,
      );
    // The metrics are means over the steps: the second step's are what the mean of two adds.
    const first = await round(1);
    const both = await round(2);
    const second = (name: 'policyLoss' | 'valueLoss' | 'ratio' | 'approximateKl' | 'clipFraction'): number =>
      2 * metricOf(both.metrics, name) - metricOf(first.metrics, name);
    expect(secondPass.clipFraction).toBeGreaterThan(0);
    for (const name of ['policyLoss', 'valueLoss', 'ratio', 'approximateKl', 'clipFraction'] as const)
      expect(relativeError([second(name)], [secondPass[name]]), name).toBeLessThan(1e-5);
    expect(relativeError([metricOf(both.metrics, 'largestRatio')], [secondPass.largestRatio])).toBeLessThan(1e-5);
    const lossOf = (metrics: Metrics) =>
      metricOf(metrics, 'policyLoss') + ppo.valueCoefficient * metricOf(metrics, 'valueLoss');
    await compare('reft two passes', both.files, [
      lossOf(first.metrics),
      2 * lossOf(both.metrics) - lossOf(first.metrics),
    ]);
  });

  const variants = (['grpo', 'rloo'] as const).flatMap((method) =>
    (['sequence', 'token', 'constant'] as const).flatMap((normalisation) =>
      (['reward', 'loss'] as const).map((placement) => [method, normalisation, placement] as const),
    ),
  );
  it.each(variants)('of %s, normalised by %s, with KL in the %s', async (method, normalisation, klPlacement) => {
    const name = `${method} ${normalisation} ${klPlacement}`;
    const rollouts = samples.map((sample) => ({ ...sample, group: sample.question, logProbs: sampled(sample) }));
    const { clipRange, klCoefficient, maxAnswerTokens } = fixture;
    // As each was published.
    const scaleRewards = method === 'grpo' ? 'group' : 'none';
    const round = (steps: number, folderName: string) =>
      trainPolicy(
        {
          model,
          reference,
          rollouts,
          miniBatches: miniBatches.slice(0, steps),
          optimiser,
          algorithm: { name: method, scaleRewards, normalisation, klCoefficient, klPlacement, clipRange },
          maxAnswerTokens,
          outputDirectory: outputDirectory(folderName),
        },
        quietContext,
      );
    // The metrics are means over the steps: the second step's loss is what the mean of two adds.
    const first = await round(1, `${name} 1`);
    const both = await round(2, `${name} 2`);
    const lossOf = ({ metrics }: typeof both) =>
      metricOf(metrics, 'policyLoss') + (klPlacement === 'loss' ? klCoefficient * metricOf(metrics, 'klLoss') : 0);
    await compare(name, both.files, [lossOf(first), 2 * lossOf(both) - lossOf(first)]);
    expect(both.metrics.groupsWithoutSignal).toBe(25);
  });
});
