/**
 * Rollouts of a real model, SmolLM2-135M in the folder that `REFT_SMOLLM2` names, large enough that its weights stand on the left of
 * their products.
 */
import { expect, it } from 'vitest';
import { generate } from '../../../activities/engine/sampling/generate.js';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { quietContext } from '../engine/modelFolder.js';
import { temporaryDirectory } from './modelFolders.js';

const folder = process.env.REFT_SMOLLM2 ?? '';
const root = await temporaryDirectory();

it.skipIf(folder === '')(
  'SmolLM2-135M (REFT_SMOLLM2): a question’s samples are the same whatever is decoded beside them',
  async () => {
    const { config, special } = await readFolder(folder);
    const { files } = await importModel({ config, directory: folder, outputDirectory: root }, quietContext);
    const input = {
      model: files,
      prompts: [3, 40, 17, 26].map((length, example) => ({
        example,
        tokens: Array.from({ length }, (_, position) => 100 + example * 1_000 + position * 37),
      })),
      samples: 3,
      temperature: 1,
      maxAnswerTokens: 16,
      ...special,
      random: { seed: 3, purpose: 'rollout', round: 0 },
    } as const;
    const { answers: together } = await generate(input, quietContext);
    const others = [];
    for (const slots of [5, 2]) others.push((await generate(input, quietContext, { slots })).answers);
    const apart = [];
    for (const prompt of input.prompts)
      apart.push(...(await generate({ ...input, prompts: [prompt] }, quietContext)).answers);
    for (const answers of [...others, apart]) {
      expect(answers.map(({ tokens }) => tokens)).toEqual(together.map(({ tokens }) => tokens));
      const differences = answers.flatMap(({ logProbs }, index) =>
        logProbs.map((logProb, position) => Math.abs(logProb - (together[index]?.logProbs[position] ?? Number.NaN))),
      );
      expect(Math.max(...differences)).toBeLessThan(1e-5);
    }
  },
  300_000,
);
