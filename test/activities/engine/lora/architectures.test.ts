/** Adapters on every architecture: the adapted graph that trains and the merged model that decodes are one model. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoraConfig } from '../../../../activities/engine/lora/adapters.js';
import { readConfig } from '../../../../activities/engine/models/index.js';
import { addAdapters } from '../../../../activities/engine/tasks/addAdapters.js';
import { supervisedFeeds, trainSupervised } from '../../../../activities/engine/tasks/trainSupervised.js';
import { supervisedObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { scoreAnswers } from '../../../../activities/engine/training/scoreAnswers.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments, parameterFeeds, runSteps } from '../runGraph.js';

const folder = await temporaryFolder();
const lora: LoraConfig = { rank: 2, alpha: 4, targetModules: 'all-linear' };
const optimiser = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 } as const;

const names = ['qwen2', 'qwen3', 'mistral', 'smollm3', 'gemma3', 'llama-biased', 'opt', 'galactica', 'gpt2'] as const;

async function adapted(name: (typeof names)[number]) {
  const fixture = readFixture(name);
  const config = readConfig(fixture.configJson, 'config.json');
  const model = await writeModel(join(folder, `${name}.safetensors`), config, decodeTensors(fixture.parameters));
  const task = { model, lora, seed: 1, outputDirectory: join(folder, name) };
  return { ...(await addAdapters(task, quietContext)), sequences: fixture.sequences };
}

describe.each(names)('%s', (name) => {
  it('learns by its adapters, which compute the same apart and merged', async () => {
    const { files, sequences } = await adapted(name);
    const train = (model: ModelFiles, learningRates: readonly number[]) =>
      trainSupervised(
        {
          model,
          batches: learningRates.map(() => sequences),
          optimiser: { ...optimiser, learningRates },
          outputDirectory: join(folder, `${name}-${learningRates.length}`),
        },
        quietContext,
      );
    const before = await mergedLoss(files, sequences);
    const { files: trained } = await train(files, new Array<number>(20).fill(0.01));
    expect(trained.parameters).toBe(files.parameters);
    const after = await mergedLoss(trained, sequences);
    expect(after).toBeLessThan(0.9 * before);
    const { loss: apart } = await train(trained, [0]);
    expect(apart).toBeCloseTo(after, 5);
  });
});

describe('gpt2, whose weights are transposed', () => {
  it('has the loss and the gradients of PEFT, apart and merged', async () => {
    const { configJson, parameters, sequences } = readFixture('gpt2');
    const fixture = readFixture('lora-gpt2');
    const config = readConfig(configJson, 'config.json');
    const base = decodeTensors(parameters);
    const adapters = decodeTensors(fixture.adapters);
    const modelGraph = updateGraph(supervisedObjective(config, fixture.lora), gradientsAsMoments);
    const answers = sequences.reduce((total, { answer }) => total + answer.length, 0);
    const feeds = { ...supervisedFeeds(sequences, answers), ...parameterFeeds(base) };
    const [result] = await runSteps(modelGraph, adapters, gradientsAsMoments, [{ feeds, learningRate: 0 }]);
    expect(relativeError([result?.metrics.loss ?? Number.NaN], [fixture.loss])).toBeLessThan(1e-5);
    const gradients = decodeTensors(fixture.gradients);
    expect([...gradients.keys()].sort()).toEqual(modelGraph.parameters.map(([name]) => name).sort());
    for (const [name, { data }] of gradients)
      expect(relativeError(result?.state.first.get(name)?.data ?? [], data), name).toBeLessThan(1e-5);

    const model = await writeModel(join(folder, 'peft-base.safetensors'), config, base);
    const file = join(folder, 'peft-adapters.safetensors');
    await writeSafetensors(file, decodeTensors(fixture.adapters));
    const files = { ...model, adapters: { file, lora: fixture.lora } };
    expect(relativeError([await mergedLoss(files, sequences)], [fixture.loss])).toBeLessThan(1e-5);
  });
});

/** Mean cross-entropy of answer tokens under the model with its adapters merged. */
async function mergedLoss(files: ModelFiles, sequences: readonly TokenSequence[]): Promise<number> {
  const logProbs = (await scoreAnswers(files, sequences)).flatMap((scores) => [...scores.logProbs]);
  return -logProbs.reduce((a, b) => a + b, 0) / logProbs.length;
}
