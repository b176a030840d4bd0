/** Gradients summed in other threads are those of this one, step after step. */
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { createOptimiser } from '../../../../activities/engine/optim/index.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { flatArray, flatLayout, layFlat, tensorsIn } from '../../../../activities/engine/training/flatTensors.js';
import { gradientThreads } from '../../../../activities/engine/training/gradientThreads.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { buildObjective } from '../../../../activities/engine/training/objectives.js';
import { gradientSum, sumGradients } from '../../../../activities/engine/training/sumGradients.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';

const { config, batches, optimiser, parameters } = readFixture('llama-grouped');
const sequences = batches.flat();
const training = { objective: 'supervised', config } as const;
const layout = flatLayout(buildObjective(training).trained, createOptimiser(optimiser));
const folder = await temporaryFolder();
const { array: weights } = layFlat(decodeTensors(parameters), layout);
const feedsOf = (indices: readonly number[]) =>
  supervisedFeeds(
    indices.flatMap((index) => sequences[index] ?? []),
    100,
  );
const floats = (tensor: Tensor | undefined): Float32Array => tensor?.data as Float32Array;

async function inThisThread(microBatches: readonly ReturnType<typeof feedsOf>[]) {
  const gradients = tensorsIn(flatArray(layout), layout);
  const metrics = await sumGradients(
    await gradientSum(training, microBatches.length),
    tensorsIn(weights, layout),
    gradients,
    microBatches,
  );
  return { gradients, metrics };
}

it('has the gradients and metrics of this thread, from one micro-batch or several, with the weights of the moment', async () => {
  const shares = [[feedsOf([0, 1, 2])], [feedsOf([3]), feedsOf([4, 5]), feedsOf([6])], [feedsOf([7, 8])]];
  const sumInThreads = gradientThreads(training, layout);
  const gain = floats(tensorsIn(weights, layout)['model.norm.weight']);
  for (const factor of [1, 2, 0.5]) {
    gain.forEach((value, index) => {
      gain[index] = value * factor;
    });
    const workerThreads = await sumInThreads(weights, shares);
    expect(workerThreads).toHaveLength(3);
    for (const [workerThread, share] of shares.entries()) {
      const expected = await inThisThread(share);
      const gradients = tensorsIn(workerThreads[workerThread]?.gradients ?? new ArrayBuffer(), layout);
      expect(workerThreads[workerThread]?.metrics.loss).toBeCloseTo(expected.metrics.loss ?? Number.NaN, 6);
      for (const [name, gradient] of Object.entries(expected.gradients))
        expect(relativeError(floats(gradients[name]), floats(gradient)), name).toBeLessThan(1e-6);
    }
  }
});

it('fails as this thread does, and goes on with the next step', async () => {
  const unknown = supervisedFeeds([{ prompt: [config.vocab_size], answer: [1] }], 1);
  const sumInThreads = gradientThreads(training, layout);
  await expect(sumInThreads(weights, [[unknown]])).rejects.toThrow(/out of data bounds/);
  const [workerThread] = await gradientThreads(training, layout)(weights, [[feedsOf([0])]]);
  expect(workerThread?.metrics.loss).toBeGreaterThan(0);
});

it('a batch trained on in workerThreads gives the bits it gave before', async () => {
  const long = new Array<TokenSequence[]>(8).fill(sequences).flat();
  const model = await writeModel(join(folder, 'model.safetensors'), config, decodeTensors(parameters));
  const lossOf = async () => {
    const trainer = await createTrainer(training, model, optimiser);
    const microBatches = trainer.split(long).map((group) =>
      supervisedFeeds(
        group.flatMap((index) => long[index] ?? []),
        800,
      ),
    );
    for (let step = 0; step < 3; step++) await trainer.step(microBatches, 4e-3);
    return trainer.step(microBatches, 4e-3);
  };
  expect(await lossOf()).toEqual(await lossOf());
});
