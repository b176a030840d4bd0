/** LoRA from file to file: against PEFT, and what must hold of any adapted model. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoraConfig } from '../../../../activities/engine/lora/adapters.js';
import { adapterShapes, adaptersOf, createAdapters } from '../../../../activities/engine/lora/adapters.js';
import { languageModel } from '../../../../activities/engine/models/index.js';
import { addAdapters } from '../../../../activities/engine/tasks/addAdapters.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import { trainRewardModel } from '../../../../activities/engine/tasks/trainRewardModel.js';
import { supervisedFeeds, trainSupervised } from '../../../../activities/engine/tasks/trainSupervised.js';
import { supervisedObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import { scoreAnswers } from '../../../../activities/engine/training/scoreAnswers.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { loadModel } from '../../../../activities/engine/weights/modelFiles.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors, writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments, parameterFeeds, runSteps } from '../runGraph.js';

const folder = await temporaryFolder();
const { config, optimiser, batches, parameters: storedBase } = readFixture('llama-grouped');
const fixture = readFixture('lora');
const { lora } = fixture;
const base = decodeTensors(storedBase);
const baseFiles = await writeModel(join(folder, 'base.safetensors'), config, base);

/** The fixture's adapters on the fixture's base. */
async function adaptedModel(name: string): Promise<ModelFiles> {
  const file = join(folder, `${name}-adapters.safetensors`);
  await writeSafetensors(file, decodeTensors(fixture.adapters));
  return { ...baseFiles, adapters: { file, lora } };
}

async function tensorsIn(file: string | undefined): Promise<Parameters> {
  return (await readSafetensors(file ?? '')).tensors;
}

describe('against PEFT', () => {
  it('has the same gradients', async () => {
    const modelGraph = updateGraph(supervisedObjective(config, lora), gradientsAsMoments);
    const sequences = batches[0] ?? [];
    const answers = sequences.reduce((total, { answer }) => total + answer.length, 0);
    const feeds = { ...supervisedFeeds(sequences, answers), ...parameterFeeds(base) };
    const adapters = decodeTensors(fixture.adapters);
    const [result] = await runSteps(modelGraph, adapters, gradientsAsMoments, [{ feeds, learningRate: 0 }]);
    expect(relativeError([result?.metrics.loss ?? Number.NaN], fixture.losses.slice(0, 1))).toBeLessThan(1e-5);
    const gradients = decodeTensors(fixture.gradients);
    expect([...gradients.keys()].sort()).toEqual(modelGraph.parameters.map(([name]) => name).sort());
    for (const [name, { data }] of gradients)
      expect(relativeError(result?.state.first.get(name)?.data ?? [], data), name).toBeLessThan(1e-5);
  });

  it('takes the same three steps, and leaves the base alone', async () => {
    const model = await adaptedModel('steps');
    const before = await stat(model.parameters);
    const { files } = await trainSupervised(
      { model, batches, optimiser, outputDirectory: join(folder, 'steps') },
      quietContext,
    );
    expect(files).toMatchObject({ parameters: model.parameters, step: 3, adapters: { lora } });
    const after = await tensorsIn(files.adapters?.file);
    const expected = decodeTensors(fixture.adaptersAfter);
    expect([...after.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, { data }] of expected)
      expect(relativeError(after.get(name)?.data ?? [], data), name).toBeLessThan(4e-5);

    expect((await stat(model.parameters)).mtimeMs).toBe(before.mtimeMs);
    for (const [name, { data }] of await tensorsIn(model.parameters)) expect(data, name).toEqual(base.get(name)?.data);
    const moments = await tensorsIn(files.moments);
    expect(moments.size).toBe(2 * expected.size);
  });
});

describe('adapters', () => {
  const { linear } = languageModel(config);
  const wide: LoraConfig = { rank: 3, alpha: 6, targetModules: 'all-linear' };

  it('are on every linear layer but the head, or on the modules named', () => {
    const modules = (targetModules: LoraConfig['targetModules']) =>
      new Set(adaptersOf(linear, { ...wide, targetModules }).map(({ weight }) => weight.split('.').at(-2)));
    const all = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
    expect(modules('all-linear')).toEqual(new Set(all));
    for (const target of all) expect(modules([target])).toEqual(new Set([target]));
    expect(adaptersOf(linear, { ...wide, targetModules: ['model.layers.1.mlp.up_proj'] })).toHaveLength(1);
  });

  it('of modules that are not there are refused by name', () => {
    expect(() => adaptersOf(linear, { ...wide, targetModules: ['q_proj', 'c_attn'] })).toThrow(
      'lora.targetModules: the model has no linear layer "c_attn", allowed: "all-linear", or some of q_proj, k_proj,',
    );
  });

  it("start with PEFT's values: A uniform within ±1/√inputs, B zero, the same for the same seed", () => {
    const adapters = adaptersOf(linear, { ...wide, rank: 64 });
    const tensors = createAdapters(adapters, 5);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual(adapterShapes(adapters));
    for (const { down, up } of adapters) {
      const [, inputs] = down.shape;
      const values = tensors.get(down.name)?.data ?? new Float32Array();
      const bound = 1 / Math.sqrt(inputs);
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
      expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.98 * bound);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
      expect(Math.abs(mean)).toBeLessThan(0.06 * bound);
      expect(variance / (bound * bound)).toBeCloseTo(1 / 3, 1);
      expect(tensors.get(up.name)?.data.every((value) => value === 0)).toBe(true);
    }
    const [first] = adapters;
    const again = createAdapters(adapters, 5).get(first?.down.name ?? '');
    expect(again).toEqual(tensors.get(first?.down.name ?? ''));
    expect(createAdapters(adapters, 6).get(first?.down.name ?? '')).not.toEqual(again);
  });

  it('change nothing when they are added, and are not added twice', async () => {
    const { files } = await addAdapters(
      { model: baseFiles, lora: wide, seed: 1, outputDirectory: join(folder, 'added') },
      quietContext,
    );
    expect(files.parameters).toBe(baseFiles.parameters);
    for (const [name, { data }] of await loadModel(files)) expect(data, name).toEqual(base.get(name)?.data);
    const again = { model: files, lora: wide, seed: 1, outputDirectory: join(folder, 'twice') };
    await expect(addAdapters(again, quietContext)).rejects.toThrow('has adapters already');
  });

  it('are merged as W + α/r · B·A, once, without copying other weights', async () => {
    const model = await adaptedModel('merged');
    const merged = await loadModel(model);
    expect(await loadModel(model)).toBe(merged);
    const adapters = decodeTensors(fixture.adapters);
    for (const { weight, down, up } of adaptersOf(linear, lora)) {
      const [outputs, rank] = up.shape;
      const [, inputs] = down.shape;
      const [w, a, b] = [base.get(weight)?.data, adapters.get(down.name)?.data, adapters.get(up.name)?.data];
      const expected = Array.from({ length: outputs * inputs }, (_, index) => {
        const [row, column] = [Math.floor(index / inputs), index % inputs];
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += (b?.[row * rank + k] ?? 0) * (a?.[k * inputs + column] ?? 0);
        return (w?.[index] ?? 0) + (lora.alpha / lora.rank) * sum;
      });
      expect(relativeError(merged.get(weight)?.data ?? [], expected), weight).toBeLessThan(1e-6);
    }
    const shared = await loadModel(baseFiles);
    expect(merged.get('model.embed_tokens.weight')).toBe(shared.get('model.embed_tokens.weight'));
  });
});

describe('the other trainings', () => {
  const sequences = (batches[0] ?? []).slice(0, 3);

  it('PPO trains adapters and the value head, from log-probabilities of the merged model', async () => {
    const model = await adaptedModel('policy');
    const scores = await scoreAnswers(model, sequences);
    const task = {
      model,
      reference: model,
      rollouts: sequences.map((sequence, index) => ({
        ...sequence,
        group: index,
        reward: index % 2,
        truncated: false,
        logProbs: [...(scores[index]?.logProbs ?? [])],
      })),
      miniBatches: [[0, 1, 2]],
      optimiser: { ...optimiser, learningRates: [1e-3] },
      algorithm: { name: 'ppo', valueCoefficient: 1 } as const,
      maxAnswerTokens: 8,
      outputDirectory: join(folder, 'policy'),
    };
    const { files, metrics } = await trainPolicy(task, quietContext);
    // Merged for scoring, apart in training: the first step's ratio tells whether both are the same model.
    expect(metrics.ratio).toBeCloseTo(1, 5);
    const after = await tensorsIn(files.adapters?.file);
    expect(after.get('value_head.weight')?.data.some((value) => value !== 0)).toBe(true);
    expect((await loadModel(files)).has('value_head.weight')).toBe(true);
    expect(files.parameters).toBe(model.parameters);
  });

  it('the reward model trains adapters and its head', async () => {
    const model = await adaptedModel('judge');
    const batch = sequences.map((sequence, index) => ({ ...sequence, correct: index % 2 === 0 }));
    const learningRates = new Array<number>(40).fill(0.02);
    const { files, accuracy } = await trainRewardModel(
      {
        model,
        batches: learningRates.map(() => batch),
        optimiser: { ...optimiser, learningRates },
        seed: 0,
        outputDirectory: join(folder, 'judge'),
      },
      quietContext,
    );
    expect(accuracy).toBeGreaterThan(0.8);
    const after = await tensorsIn(files.adapters?.file);
    expect([...after.keys()].filter((name) => !name.startsWith('base_model.'))).toEqual(['score.weight']);
  });
});
