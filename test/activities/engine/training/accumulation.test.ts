/** A step in micro-batches is the step on the whole batch: the same gradients, metrics and updated weights. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OptimiserSettings } from '../../../../activities/engine/optim/index.js';
import { addAdapters } from '../../../../activities/engine/tasks/addAdapters.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import type { MemoryBudget } from '../../../../activities/engine/training/memoryBudget.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments } from '../runGraph.js';
import { trainingWithin } from '../support/budget.js';

const folder = await temporaryFolder();
const { config, batches, optimiser, parameters } = readFixture('llama-grouped');
const { adapters, lora } = readFixture('lora');
const sequences = batches.flat();
const answers = sequences.reduce((total, { answer }) => total + answer.length, 0);
const full = await writeModel(join(folder, 'full.safetensors'), config, decodeTensors(parameters));
const adapterFile = (await writeModel(join(folder, 'adapters.safetensors'), config, decodeTensors(adapters)))
  .parameters;
const adapted: ModelFiles = { ...full, adapters: { file: adapterFile, lora } };

function microBatchesOf(groups: readonly (readonly number[])[]) {
  return groups.map((group) =>
    supervisedFeeds(
      group.flatMap((index) => sequences[index] ?? []),
      answers,
    ),
  );
}

let runs = 0;
/** Trains on the given micro-batches, the same at every step. */
async function train(
  { model, budget }: { readonly model: ModelFiles; readonly budget?: MemoryBudget },
  groups: readonly (readonly number[])[],
  options: OptimiserSettings,
  steps: number,
) {
  const training = { objective: 'supervised', config, lora: model.adapters?.lora } as const;
  const trainer = await createTrainer(training, model, options, undefined, budget);
  const microBatches = microBatchesOf(groups);
  const metrics = [];
  for (let step = 0; step < steps; step++) metrics.push(await trainer.step(microBatches, 4e-3));
  return { metrics, files: await trainer.save(join(folder, `run-${runs++}`)) };
}

async function tensorsIn(file: string | undefined): Promise<Parameters> {
  return (await readSafetensors(file ?? '')).tensors;
}

/** Bytes: plenty for this model, but no worker thread has a place in it. */
const tooLittleForThreads = trainingWithin(2 ** 27);
const whole = [sequences.map((_, index) => index)];
const halves = [
  [8, 1, 3, 0],
  [2, 7, 5, 4, 6],
];
const singly = sequences.map((_, index) => [index]);

describe.each([
  ['every weight, in workerThreads where there are cores for them', { model: full }],
  ['every weight, in one thread', { model: full, budget: tooLittleForThreads }],
  ['LoRA', { model: adapted }],
])('%s', (_, trained) => {
  it.each([
    ['two micro-batches', halves],
    ['one sequence at a time', singly],
  ])('has the gradients of the whole batch: %s', async (_name, groups) => {
    const expected = await train(trained, whole, gradientsAsMoments, 1);
    const actual = await train(trained, groups, gradientsAsMoments, 1);
    for (const name of ['loss', 'gradient_norm'])
      expect(relativeError([actual.metrics[0]?.[name] ?? Number.NaN], [expected.metrics[0]?.[name] ?? 0])).toBeLessThan(
        1e-6,
      );
    const gradients = await tensorsIn(actual.files.moments);
    let compared = 0;
    for (const [name, { data }] of await tensorsIn(expected.files.moments)) {
      if (!name.startsWith('m.')) continue;
      expect(relativeError(gradients.get(name)?.data ?? [], data), name).toBeLessThan(1e-6);
      compared++;
    }
    expect(compared).toBeGreaterThan(10);
  });

  it('takes the same steps, clipped, and counts them', async () => {
    const expected = await train(trained, whole, optimiser, 3);
    const actual = await train(trained, halves, optimiser, 3);
    expect(actual.files.step).toBe(3);
    expect(actual.metrics[0]?.gradient_norm).toBeGreaterThan(optimiser.maxGradNorm);
    const weights = ({ parameters, adapters }: ModelFiles) => tensorsIn(adapters?.file ?? parameters);
    const after = await weights(actual.files);
    for (const [name, { data }] of await weights(expected.files))
      expect(relativeError(after.get(name)?.data ?? [], data), name).toBeLessThan(2e-5);
  });
});

it('splits by itself where memory is short, and gets the same loss', async () => {
  const training = { objective: 'supervised', config } as const;
  const lossWithin = async (usable: number) => {
    const trainer = await createTrainer(training, full, optimiser, undefined, trainingWithin(usable));
    const groups = trainer.split(sequences);
    expect(groups.flat().sort((a, b) => a - b)).toEqual(whole[0]);
    const { loss } = await trainer.step(microBatchesOf(groups), 0);
    return { groups: groups.length, loss: loss ?? Number.NaN };
  };
  const plenty = await lossWithin(Number.POSITIVE_INFINITY);
  let little = plenty;
  for (let usable = 1_000_000; little.groups === 1; usable *= 0.95) little = await lossWithin(usable);
  expect(plenty.groups).toBe(1);
  expect(little.groups).toBeLessThan(sequences.length);
  expect(relativeError([little.loss], [plenty.loss])).toBeLessThan(1e-6);
});

it('an adapted model too large for the machine is refused before any step', async () => {
  const { files } = await addAdapters(
    { model: full, lora, seed: 0, outputDirectory: join(folder, 'refused') },
    quietContext,
  );
  const training = { objective: 'supervised', config, lora } as const;
  const trainer = await createTrainer(training, files, optimiser, undefined, trainingWithin(50_000));
  expect(() => trainer.split(sequences)).toThrow(/needs \d+ bytes of memory .*, 50000 bytes are available/);
});
