/** The task `trainSupervised` from file to file against PyTorch: parameters updated in place, moments carried between tasks. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { trainSupervised } from '../../../../activities/engine/tasks/trainSupervised.js';
import type { ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { readSafetensors, writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { required } from '../../../../activities/invariant.js';
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

it('refuses the state of another optimiser, and starts without any where none is given', async () => {
  const { config, optimiser, batches, ...stored } = readFixture('llama-tied');
  const model = await writeModel(join(folder, 'other.safetensors'), config, decodeTensors(stored.parameters));
  const train = (files: ModelFiles, place: string) =>
    trainSupervised(
      { model: files, batches: batches.slice(0, 1), optimiser, outputDirectory: join(folder, place) },
      quietContext,
    );
  const { files } = await train(model, 'own');
  const { tensors } = await readSafetensors(required(files.moments, 'a state'));
  const moments = join(folder, 'state.safetensors');
  const withState = async (change: (name: string) => string) => {
    await writeSafetensors(moments, new Map(Array.from(tensors, ([name, tensor]) => [change(name), tensor])));
    return train({ ...files, moments }, 'refused');
  };
  await expect(withState((name) => name.replace(/^v\./, 'u.'))).rejects.toMatchObject({
    name: 'InvalidModel',
    message: expect.stringMatching(/tensor v\.model\.\S+ is \[missing\], the state of this optimiser needs \[/),
  });
  const more = new Map([...tensors, ['u.more', { shape: [1], data: new Float32Array(1) }]]);
  await writeSafetensors(moments, more);
  await expect(train({ ...files, moments }, 'refused')).rejects.toThrow(/tensor u\.more is no state of this optimiser/);
  const { moments: _, ...fresh } = files;
  expect((await train(fresh, 'fresh')).files.step).toBe(1);
});
