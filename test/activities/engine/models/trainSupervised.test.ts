/** The task `trainSupervised` from file to file against PyTorch: parameters updated in place, moments carried between tasks. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { trainSupervised } from '../../../../activities/engine/tasks/trainSupervised.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';

const folder = await temporaryFolder();

it.each(['llama-tied', 'llama-grouped'] as const)(
  '%s trains as in PyTorch, one step or two at a time',
  async (name) => {
    const { config, optimiser, batches, losses, ...stored } = readFixture(name);
    const model = await writeModel(join(folder, `${name}.safetensors`), config, decodeTensors(stored.parameters));
    const first = await trainSupervised(
      { model, batches: batches.slice(0, 1), optimiser, outputDirectory: join(folder, name, '1') },
      quietContext,
    );
    const learningRates = optimiser.learningRates.slice(1);
    const rest = await trainSupervised(
      {
        model: first.files,
        batches: batches.slice(1),
        optimiser: { ...optimiser, learningRates },
        outputDirectory: join(folder, name, '3'),
      },
      quietContext,
    );

    expect(relativeError([first.loss], losses.slice(0, 1))).toBeLessThan(1e-5);
    expect(rest.files.step).toBe(3);
    const { tensors } = await readSafetensors(rest.files.parameters);
    for (const [key, { data }] of decodeTensors(stored.parametersAfter))
      expect(relativeError(tensors.get(key)?.data ?? [], data), key).toBeLessThan(4e-5);
  },
);
