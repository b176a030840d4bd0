/** The Llama and its supervised training step against PyTorch: tied and untied heads, grouped keys, ragged batches. */
import { describe, expect, it } from 'vitest';
import { languageModel } from '../../../../activities/engine/models/index.js';
import { supervisedObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { logitsOf, supervisedFeeds } from '../logits.js';
import { gradientsAsMoments, runSteps } from '../runGraph.js';

describe.each(['llama-tied', 'llama-grouped'] as const)('%s', (name) => {
  const fixture = readFixture(name);
  const { config, optimiser, batches } = fixture;
  const parameters = decodeTensors(fixture.parameters);
  const steps = batches.map((batch, index) => ({
    feeds: supervisedFeeds(batch),
    learningRate: optimiser.learningRates[index] ?? Number.NaN,
  }));

  it('has the parameters of Hugging Face', () => {
    const shapes = Object.fromEntries(languageModel(config).shapes);
    expect(shapes).toEqual(Object.fromEntries(Array.from(parameters, ([key, { shape }]) => [key, shape])));
  });

  it('gives the same logits', async () => {
    const logits = await logitsOf(config, parameters, batches[0] ?? []);
    expect(relativeError(logits, fixture.logits.flat(2))).toBeLessThan(1e-5);
  });

  it('gives a sequence the same logits whatever it is batched with', async () => {
    for (const [row, sequence] of (batches[0] ?? []).entries()) {
      const logits = await logitsOf(config, parameters, [sequence]);
      expect(relativeError(logits, (fixture.logits[row] ?? []).flat())).toBeLessThan(1e-5);
    }
  });

  it('gives the same loss and gradients', async () => {
    const modelGraph = updateGraph(supervisedObjective(config), gradientsAsMoments);
    const [result] = await runSteps(modelGraph, parameters, gradientsAsMoments, steps.slice(0, 1));
    expect(relativeError([result?.metrics.loss ?? Number.NaN], fixture.losses.slice(0, 1))).toBeLessThan(1e-5);
    for (const [key, gradient] of decodeTensors(fixture.gradients))
      expect(relativeError(result?.state.first.get(key)?.data ?? [], gradient.data), key).toBeLessThan(1e-5);
  });

  it('takes the same three AdamW steps', async () => {
    const results = await runSteps(updateGraph(supervisedObjective(config), optimiser), parameters, optimiser, steps);
    const metric = (key: string): number[] => results.map(({ metrics }) => metrics[key] ?? Number.NaN);
    expect(relativeError(metric('loss'), fixture.losses)).toBeLessThan(1e-5);
    expect(relativeError(metric('gradient_norm'), fixture.gradientNorms)).toBeLessThan(1e-5);
    // Tight enough to see the weight decay of three steps, 8e-5 of a parameter.
    for (const [key, { data }] of decodeTensors(fixture.parametersAfter))
      expect(relativeError(results.at(-1)?.state.parameters.get(key)?.data ?? [], data), key).toBeLessThan(4e-5);
  });
});
