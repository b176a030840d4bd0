/** Decoding in half precision: greedy tokens and log-probabilities near those of float32, and equal to the trainer's. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generate } from '../../../../activities/engine/sampling/generate.js';
import { scoreAnswers } from '../../../../activities/engine/training/scoreAnswers.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { at } from '../../../../activities/invariant.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';
import { samplingTask } from './fixedBatches.js';

const folder = await temporaryFolder();
const prompts = Array.from({ length: 12 }, (_, example) => ({
  example,
  tokens: Array.from({ length: 1 + (example % 5) }, (_, place) => 2 + ((5 * example + 3 * place) % 20)),
}));

async function decode(model: ModelFiles, temperature: 0 | 1) {
  const task = samplingTask({ model, prompts }, { temperature, samples: temperature === 0 ? 1 : 3 });
  return (await generate(task, quietContext, { slots: 8 })).answers;
}

describe.each([
  ['bfloat16', { agreement: 0.75, logProb: 0.08, mismatch: 0.02 }],
  ['float16', { agreement: 0.95, logProb: 0.01, mismatch: 0.003 }],
] as const)('%s', (precision, bounds) => {
  const files = writeModel(join(folder, `${precision}.safetensors`), tinyConfig, randomParameters(tinyConfig));
  const inHalf = async (): Promise<ModelFiles> => ({
    ...(await files),
    compute: { precision, recompute: false, attentionInBlocks: false },
  });

  it('chooses the tokens of float32 as far as two are not equally likely, with their log-probabilities', async () => {
    const [full, half] = [await decode(await files, 0), await decode(await inHalf(), 0)];
    let [same, all] = [0, 0];
    for (const [index, { tokens, logProbs }] of full.entries()) {
      const found = at(half, index);
      const parting = tokens.findIndex((token, place) => token !== found.tokens[place]);
      const together = parting === -1 ? tokens.length : parting;
      same += together;
      all += tokens.length;
      for (let place = 0; place < together; place++)
        expect(Math.abs(at(found.logProbs, place) - at(logProbs, place))).toBeLessThan(bounds.logProb);
    }
    expect(same / all).toBeGreaterThan(bounds.agreement);
  });

  it('gives sampled tokens the log-probabilities that the trainer gives them', async () => {
    const model = await inHalf();
    const answers = await decode(model, 1);
    const sequences = answers.map(({ example, tokens }) => ({ prompt: at(prompts, example).tokens, answer: tokens }));
    const scores = await scoreAnswers(model, sequences);
    let [sum, tokens] = [0, 0];
    for (const [index, { logProbs }] of answers.entries())
      for (const [place, logProb] of logProbs.entries()) {
        const difference = Math.abs(at(at(scores, index).logProbs, place) - logProb);
        expect(difference).toBeLessThan(5 * bounds.mismatch);
        sum += difference;
        tokens++;
      }
    expect(sum / tokens).toBeLessThan(bounds.mismatch);
  });
});
