/** A model saved to files and read back. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LlamaConfig, languageModel } from '../../../../activities/engine/models/index.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { loadModel, saveModel, takeModel } from '../../../../activities/engine/weights/modelFiles.js';
import type { NamedTensor, Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors, writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { tinyConfig } from '../support/tinyConfig.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'models-'));
});
afterAll(() => rm(directory, { recursive: true }));

const name = 'model.norm.weight';

function filled(config: LlamaConfig, value: number): Parameters {
  return new Map(
    languageModel(config).shapes.map(([tensor, shape]) => [
      tensor,
      { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value) },
    ]),
  );
}

/** A state tensor of each parameter. */
function prefixed(prefix: string, value: number): [string, NamedTensor][] {
  return Array.from(filled(tinyConfig, value), ([tensor, filling]) => [prefix + tensor, filling]);
}

function save(folder: string, value: number): Promise<ModelFiles> {
  return saveModel(join(directory, folder), {
    config: tinyConfig,
    parameters: filled(tinyConfig, value),
    moments: new Map([...prefixed('m.', value + 1), ...prefixed('v.', value + 2)]),
    step: 5,
  });
}

const first = (parameters: Parameters | null, prefix = '') => parameters?.get(prefix + name)?.data[0];

describe('models', () => {
  it('come back from the files as they were saved, moments and step included', async () => {
    const files = await save('files', 1);
    expect(files.step).toBe(5);
    const { tensors, metadata } = await readSafetensors(files.parameters);
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors).toEqual(filled(tinyConfig, 1));
    expect((await readSafetensors(files.moments ?? '')).tensors.get(`v.${name}`)?.data[0]).toBe(3);
  });

  it('are shared among readers, also after the file was moved', async () => {
    const files = await save('moved', 1);
    const before = await loadModel(files);
    const parameters = join(directory, 'elsewhere.safetensors');
    await rename(files.parameters, parameters);
    expect(await loadModel({ ...files, parameters })).toBe(before);
  });

  it('can be changed by who takes them without any reader seeing it', async () => {
    const files = await save('taken', 1);
    const reader = await loadModel(files);
    const taken = await takeModel(files);
    taken.parameters.get(name)?.data.fill(7);
    taken.moments?.get(`m.${name}`)?.data.fill(7);
    expect(first(reader)).toBe(1);
    expect(first(await loadModel(files))).toBe(1);
    const again = await takeModel(files);
    expect([first(again.parameters), first(again.moments, 'm.'), first(again.moments, 'v.')]).toEqual([1, 2, 3]);
  });

  it('pass from one trainer to the next without a copy', async () => {
    const files = await save('passed', 1);
    const taken = await takeModel(files);
    taken.parameters.get(name)?.data.fill(8);
    const next = await saveModel(join(directory, 'passed-on'), { config: tinyConfig, step: 6, ...taken });
    expect((await takeModel(next)).parameters).toBe(taken.parameters);
    expect(first(await loadModel(files))).toBe(1);
    expect(first(await loadModel(next))).toBe(8);
  });

  it('are read anew when another file was put in their place', async () => {
    const files = await save('replaced', 1);
    await loadModel(files);
    await writeSafetensors(files.parameters, filled(tinyConfig, 9));
    expect(first(await loadModel(files))).toBe(9);
  });

  it('are refused when a tensor is missing or has another shape than the config says', async () => {
    const files = await save('misfit', 1);
    const wider = { ...tinyConfig, intermediate_size: 48 };
    await expect(loadModel({ ...files, config: wider })).rejects.toThrow(
      /model.layers.0.mlp.gate_proj.weight has shape \[\d+, \d+\], the config asks for \[48, \d+\]/,
    );
    const untied = { ...tinyConfig, tie_word_embeddings: false };
    await expect(takeModel({ ...files, config: untied })).rejects.toThrow(/lm_head.weight is missing/);
    await expect(takeModel({ ...files, config: untied })).rejects.toMatchObject({ name: 'InvalidModel' });
  });
});
