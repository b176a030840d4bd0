/**
 * The engine on a GPU, as far as a machine without one allows: WebGPU on a software Vulkan driver. Everything runs in processes
 * of its own, as in a worker: a fault in a driver must not end the tests.
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDevices, requireChosenDevice } from '../../../../activities/engine/ort/findDevices.js';
import { createEngine, type EngineClient } from '../../../../activities/engine/process/engineClient.js';
import type { GenerateTask } from '../../../../activities/engine/sampling/generate.js';
import type { EngineTasks } from '../../../../activities/engine/tasks/index.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors, writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { required } from '../../../../activities/invariant.js';
import { decodeTensors, ppoOf, readFixture, relativeError } from '../../../reference/fixtures.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments } from '../runGraph.js';
import { hasSoftwareVulkan, unpackSoftwareVulkan } from '../support/softwareVulkan.js';
import { tinyConfig } from '../support/tinyConfig.js';
import type { WebgpuReport } from './webgpuProcess.js';

const folder = await temporaryFolder();

describe.skipIf(!hasSoftwareVulkan)('on WebGPU, by a software driver for Linux on x64', () => {
  const driver = hasSoftwareVulkan ? unpackSoftwareVulkan(folder) : {};
  const environment = { ...process.env, ...driver, REFT_DEVICE: 'webgpu' };
  let webgpu: EngineClient;
  let cpu: EngineClient;
  beforeAll(() => {
    webgpu = createEngine(environment);
    cpu = createEngine({ ...process.env, REFT_DEVICE: 'cpu' });
  });
  afterAll(async () => {
    await webgpu.close();
    await cpu.close();
  });

  it('finds the device, by computing on it with results that stay there', async () => {
    const found = new Map((await findDevices(environment)).map(({ name, trial }) => [name, trial]));
    expect(found.get('webgpu')).toMatchObject({ works: true, mode: 'onDevice' });
    await requireChosenDevice(environment);
  });

  describe('training', () => {
    const { config, optimiser, batches, ...fixture } = readFixture('llama-grouped');
    let model: ModelFiles;
    beforeAll(async () => {
      model = await writeModel(join(folder, 'llama.safetensors'), config, decodeTensors(fixture.parameters));
    });
    const train = (changes: Partial<EngineTasks['trainSupervised']['input']>) =>
      webgpu.run('trainSupervised', { model, batches, optimiser, outputDirectory: join(folder, 'out'), ...changes });

    it('has the gradients of PyTorch', async () => {
      const { files, loss } = await train({
        batches: batches.slice(0, 1),
        optimiser: { ...gradientsAsMoments, learningRates: [0] },
      });
      expect(relativeError([loss], fixture.losses.slice(0, 1))).toBeLessThan(1e-5);
      const moments = await tensorsIn(files.moments);
      for (const [name, { data }] of decodeTensors(fixture.gradients))
        expect(relativeError(moments.get(`m.${name}`)?.data ?? [], data), name).toBeLessThan(1e-5);
    });

    it('takes the same three steps', async () => {
      const { files } = await train({});
      expectClose(await tensorsIn(files.parameters), decodeTensors(fixture.parametersAfter), 1e-4);
    });

    it('takes the same three steps of adapters, on a model that stays frozen', async () => {
      const { lora, ...stored } = readFixture('lora');
      const file = join(folder, 'adapters.safetensors');
      await writeSafetensors(file, decodeTensors(stored.adapters));
      const { files } = await train({ model: { ...model, adapters: { file, lora } } });
      expect(files.parameters).toBe(model.parameters);
      expectClose(await tensorsIn(files.adapters?.file), decodeTensors(stored.adaptersAfter), 1e-4);
    });

    it('has the gradients of the CPU where the vocabulary is computed in slices', async () => {
      const { files } = await cpu.run('initialise', {
        config: { ...tinyConfig, vocab_size: 6_400 },
        seed: 3,
        outputDirectory: join(folder, 'large-vocabulary'),
      });
      const task = (outputDirectory: string): EngineTasks['trainSupervised']['input'] => ({
        model: files,
        batches: [[{ prompt: [5, 3_199], answer: [3_200, 6_399, 0] }]],
        optimiser: { ...gradientsAsMoments, learningRates: [0] },
        outputDirectory: join(folder, outputDirectory),
      });
      const [onGpu, onCpu] = [
        await webgpu.run('trainSupervised', task('sliced-webgpu')),
        await cpu.run('trainSupervised', task('sliced-cpu')),
      ];
      expect(relativeError([onGpu.loss], [onCpu.loss])).toBeLessThan(1e-5);
      expectClose(await tensorsIn(onGpu.files.moments), await tensorsIn(onCpu.files.moments), 1e-5);
    });

    it('takes the four steps of PPO', async () => {
      const { config: policy, batch, steps, ...settings } = readFixture('ppo');
      const file = (name: string): string => join(folder, `${name}.safetensors`);
      const { files, metrics } = await webgpu.run('trainPolicy', {
        algorithm: ppoOf(settings),
        maxAnswerTokens: 8,
        miniBatches: settings.miniBatches,
        optimiser: settings.optimiser,
        model: await writeModel(file('policy'), policy, decodeTensors(settings.parameters)),
        reference: await writeModel(file('reference'), policy, decodeTensors(settings.reference)),
        rollouts: settings.rollouts.map((rollout, index) => ({
          ...rollout,
          group: index,
          truncated: false,
          logProbs: batch.logProbs[index] ?? [],
        })),
        outputDirectory: join(folder, 'updated'),
      });
      expectClose(await tensorsIn(files.parameters), decodeTensors(settings.parametersAfter), 1e-4);
      for (const name of ['policyLoss', 'valueLoss', 'gradientNorm', 'ratio'] as const) {
        const mean = steps.reduce((total, step) => total + step[name], 0) / steps.length;
        expect(relativeError([required(metrics[name], name)], [mean]), name).toBeLessThan(1e-4);
      }
      expect(metrics.samplerMismatch).toBeLessThan(1e-5);
    });
  });

  describe('decoding', () => {
    let model: ModelFiles;
    // A vocabulary so large that tokens are drawn in two stages.
    beforeAll(async () => {
      ({ files: model } = await cpu.run('initialise', {
        config: { ...tinyConfig, vocab_size: 600 },
        seed: 3,
        outputDirectory: folder,
      }));
    });

    it.each([0, 1] as const)('chooses the same tokens as on the CPU, at temperature %i', async (temperature) => {
      const input: GenerateTask['input'] = {
        model,
        prompts: [[5], [3, 4, 5, 6, 7, 8, 9, 10, 11], [22, 2], [9, 9, 9, 9]].map((tokens, example) => ({
          example,
          tokens,
        })),
        samples: 3,
        temperature,
        maxAnswerTokens: 12,
        endTokens: [1],
        padToken: 0,
        random: { seed: 5, purpose: 'rollout', round: 0 },
      };
      const [{ answers }, { answers: expected }] = [
        await webgpu.run('generate', input),
        await cpu.run('generate', input),
      ];
      expect(answers.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
      const logProbs = expected.flatMap((answer) => answer.logProbs);
      expect(logProbs.length).toBeGreaterThan(60);
      expect(
        relativeError(
          answers.flatMap((answer) => answer.logProbs),
          logProbs,
        ),
      ).toBeLessThan(1e-5);
    });
  });

  describe('between steps', () => {
    let report: WebgpuReport;
    beforeAll(async () => {
      const script = fileURLToPath(new URL('webgpuProcess.ts', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { env: environment });
      report = JSON.parse(stdout);
    });

    it('uploads parameters and moments once, and brings back nothing but metrics', () => {
      const { state, steps } = report;
      expect(state.length).toBeGreaterThan(50);
      expect(steps.length).toBe(4);
      steps.forEach(({ fed, fetched }, index) => {
        for (const name of state) {
          expect(fed[name], `${name} of step ${index}`).toBe('gpu-buffer');
          expect(fetched[`updated.${name}`], `${name} of step ${index}`).toBe('gpu-buffer');
        }
        expect(Object.keys(fetched).filter((name) => fetched[name] === 'cpu')).toEqual(['loss', 'gradient_norm']);
      });
    });

    it('sums micro-batches on the device, to the same parameters', () => {
      expect(report.microBatchError).toBeLessThan(1e-4);
      expect(report.microBatches).toBeGreaterThan(1);
    });

    it('runs on the device whatever has a share in the work', () => {
      // What is left are shapes, and an index per token or place.
      expect(report.onCpu.length).toBeGreaterThan(0);
      for (const operator of report.onCpu)
        expect(['Shape', 'Concat', 'Reshape', 'Expand', 'GreaterOrEqual', 'Gather']).toContain(operator);
      expect(report.onDevice).toEqual(expect.arrayContaining(['Gemm', 'MatMul', 'Softmax', 'ScatterElements']));
    });
  });
});

async function tensorsIn(file: string | undefined): Promise<Parameters> {
  return (await readSafetensors(file ?? '')).tensors;
}

function expectClose(actual: Parameters, expected: Parameters, bound: number): void {
  expect(expected.size).toBeGreaterThan(0);
  for (const [name, { data }] of expected)
    expect(relativeError(actual.get(name)?.data ?? [], data), name).toBeLessThan(bound);
}
