/** Adapters on every architecture: the adapted graph that trains and the merged model that decodes are one model. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoraConfig, ModelFiles, TokenSequence } from '../../../activities/engine/api.js';
import { readConfig } from '../../../activities/engine/models/configs/readConfig.js';
import { addAdapters } from '../../../activities/engine/tasks/addAdapters.js';
import { trainSupervised } from '../../../activities/engine/tasks/trainSupervised.js';
import { scoreAnswers } from '../../../activities/engine/training/scoreAnswers.js';
import { decodeTensors, readFixture } from '../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';

const folder = await temporaryFolder();
const lora: LoraConfig = { rank: 2, alpha: 4, targetModules: 'all-linear' };
const optimiser = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };

async function adapted(name: 'qwen2' | 'opt' | 'galactica' | 'gpt2', targets = lora.targetModules) {
  const fixture = readFixture(name);
  const config = readConfig(fixture.configJson, 'config.json');
  const model = await writeModel(join(folder, `${name}.safetensors`), config, decodeTensors(fixture.parameters));
  const task = { model, lora: { ...lora, targetModules: targets }, seed: 1, outputDirectory: join(folder, name) };
  return { ...(await addAdapters(task, quietContext)), sequences: fixture.sequences };
}

describe.each(['qwen2', 'opt', 'galactica'] as const)('%s', (name) => {
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

describe('gpt2', () => {
  it('is refused: its transposed layers take no adapters', async () => {
    for (const targets of ['all-linear', ['c_attn']] as const)
      await expect(adapted('gpt2', targets)).rejects.toMatchObject({
        name: 'InvalidModel',
        message: expect.stringMatching(/^transformer\.h\.0\.attn\.c_attn\.weight .*takes an adapter$/),
      });
  });
});

/** Mean cross-entropy of answer tokens under the model with its adapters merged. */
async function mergedLoss(files: ModelFiles, sequences: readonly TokenSequence[]): Promise<number> {
  const logProbs = (await scoreAnswers(files, sequences)).flatMap((scores) => [...scores.logProbs]);
  return -logProbs.reduce((a, b) => a + b, 0) / logProbs.length;
}
