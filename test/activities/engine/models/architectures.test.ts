/** Every architecture against transformers: logits, loss, gradients, decoding against the full forward; and its config.json. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { languageModel, readConfig, writeConfig } from '../../../../activities/engine/models/index.js';
import { generate } from '../../../../activities/engine/sampling/generate.js';
import { supervisedObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import { architectures, decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { logitsOf, supervisedFeeds } from '../logits.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments, runSteps } from '../runGraph.js';

describe.each(architectures)('%s', (name) => {
  const fixture = readFixture(name);
  const config = readConfig(fixture.configJson, 'config.json');
  const parameters = decodeTensors(fixture.parameters);

  it('reads the config.json that it writes', () => {
    expect(readConfig(writeConfig(config), 'config.json')).toEqual(config);
  });

  it('has the parameters of Hugging Face', () => {
    const shapes = Object.fromEntries(languageModel(config).shapes);
    expect(shapes).toEqual(Object.fromEntries(Array.from(parameters, ([key, { shape }]) => [key, shape])));
  });

  it('gives the same logits, in a batch and alone', async () => {
    const logits = await logitsOf(config, parameters, fixture.sequences);
    expect(relativeError(logits, fixture.logits.flat(2))).toBeLessThan(1e-5);
    for (const [row, sequence] of fixture.sequences.entries()) {
      const alone = await logitsOf(config, parameters, [sequence]);
      expect(relativeError(alone, (fixture.logits[row] ?? []).flat())).toBeLessThan(1e-5);
    }
  });

  it('gives the same loss', async () => {
    const modelGraph = updateGraph(supervisedObjective(config), gradientsAsMoments);
    const steps = [{ feeds: supervisedFeeds(fixture.sequences), learningRate: 0 }];
    const [result] = await runSteps(modelGraph, parameters, gradientsAsMoments, steps);
    expect(relativeError([result?.metrics.loss ?? Number.NaN], [fixture.loss])).toBeLessThan(1e-5);
  });

  // Those of rotary scaling have no gradients stored: theirs are those of any Llama.
  if (Object.keys(fixture.gradients).length > 0)
    it('gives the same gradients', async () => {
      const modelGraph = updateGraph(supervisedObjective(config), gradientsAsMoments);
      const steps = [{ feeds: supervisedFeeds(fixture.sequences), learningRate: 1e-3 }];
      const [result] = await runSteps(modelGraph, parameters, gradientsAsMoments, steps);
      const gradients = decodeTensors(fixture.gradients);
      expect([...gradients.keys()].sort()).toEqual([...parameters.keys()].sort());
      for (const [key, { data }] of gradients) {
        const own = result?.state.first.get(key)?.data ?? [];
        // The same constant is added to all of a softmax's scores, so a key's bias has no gradient but rounding.
        if (/k_proj\.bias$/.test(key) && name === 'opt')
          for (const value of own) expect(Math.abs(value)).toBeLessThan(1e-6);
        else expect(relativeError(own, data), key).toBeLessThan(2e-5);
      }
    });

  it('goes on greedily as transformers does', async () => {
    const folder = await temporaryFolder();
    const model = await writeModel(join(folder, 'model.safetensors'), config, parameters);
    const { answers } = await generate(
      {
        model,
        prompts: fixture.sequences.map(({ prompt }, example) => ({ example, tokens: prompt })),
        samples: 1,
        temperature: 0,
        maxAnswerTokens: 10,
        endTokens: [999],
        padToken: 0,
        random: { seed: 0, purpose: 'rollout', round: 0 },
      },
      quietContext,
    );
    expect(answers.map(({ tokens }) => tokens)).toEqual(fixture.greedy);
  });

  it('decodes with a cache what the full forward says', async () => {
    const folder = await temporaryFolder();
    const model = await writeModel(join(folder, 'model.safetensors'), config, parameters);
    const prompts = fixture.sequences.map(({ prompt }, example) => ({ example, tokens: prompt }));
    const input = {
      model,
      prompts,
      samples: 2,
      temperature: 1,
      maxAnswerTokens: 12,
      endTokens: [999],
      padToken: 0,
      random: { seed: 3, purpose: 'rollout', round: 1 },
    } as const;
    const { answers } = await generate(input, quietContext);
    for (const { example, tokens, logProbs } of answers) {
      expect(tokens).toHaveLength(12);
      const prompt = prompts[example]?.tokens ?? [];
      const logits = await logitsOf(config, parameters, [{ prompt, answer: tokens }]);
      for (const [position, token] of tokens.entries()) {
        const row = [...logits.subarray(position * 19, (position + 1) * 19)];
        const logSum = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
        expect(Math.abs((logProbs[position] ?? Number.NaN) - ((row[token] ?? Number.NaN) - logSum))).toBeLessThan(1e-4);
      }
    }
  });
});
