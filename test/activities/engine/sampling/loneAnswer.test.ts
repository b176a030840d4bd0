/** A lone answer of a model that is large enough for its weights to be stored in the session. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { GenerateTask } from '../../../../activities/engine/sampling/generate.js';
import { generate } from '../../../../activities/engine/sampling/generate.js';
import { initialise } from '../../../../activities/engine/tasks/initialise.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { quietContext, temporaryFolder } from '../modelFolder.js';
import { tinyConfig } from '../support/tinyConfig.js';

const folder = await temporaryFolder();
const config = { ...tinyConfig, hidden_size: 256, vocab_size: 32_000 };
const initialised = async (seed: number): Promise<ModelFiles> =>
  (await initialise({ config, seed, outputDirectory: join(folder, `${seed}`) }, quietContext)).files;
const [first, second] = [await initialised(1), await initialised(2)];

it.each([0, 1] as const)(
  'is that of the same question beside others, of every checkpoint: temperature %i',
  async (temperature) => {
    const answer = async (model: ModelFiles, questions: number) => {
      const input: GenerateTask['input'] = {
        model,
        prompts: [[5, 6, 7], [8, 9], [4]].slice(0, questions).map((tokens, example) => ({ example, tokens })),
        samples: 1,
        temperature,
        maxAnswerTokens: 6,
        endTokens: [config.vocab_size],
        padToken: 0,
        random: { seed: 1, purpose: 'rollout', round: 0 },
      };
      return (await generate(input, quietContext)).answers[0];
    };
    const answers = [];
    for (const model of [first, second, first]) {
      const [lone, beside] = [await answer(model, 1), await answer(model, 3)];
      expect(lone?.tokens).toEqual(beside?.tokens);
      lone?.logProbs.forEach((logProb, position) => {
        expect(Math.abs(logProb - (beside?.logProbs[position] ?? Number.NaN))).toBeLessThan(1e-4);
      });
      answers.push(lone?.tokens);
    }
    expect(answers[1]).not.toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  },
);
