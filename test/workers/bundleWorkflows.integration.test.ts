/** The workflow bundle is made once, and made again when what is kept is not whole. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { at } from '../../activities/invariant.js';
import { bundleWorkflows } from '../../workers/bundleWorkflows.js';

const directory = await mkdtemp(join(tmpdir(), 'reft-bundles-'));
afterAll(() => rm(directory, { recursive: true }));

const onlyFile = async (): Promise<string> => {
  const names = await readdir(directory);
  expect(names).toHaveLength(1);
  return join(directory, at(names, 0));
};

it('is kept, read again, and made again where the file is cut off', async () => {
  const { code } = await bundleWorkflows(undefined, directory);
  const file = await onlyFile();
  const whole = await readFile(file);
  expect(await bundleWorkflows(undefined, directory)).toEqual({ code });
  await truncate(file, 1_000);
  expect((await bundleWorkflows(undefined, directory)).code).toHaveLength(code.length);
  expect((await readFile(await onlyFile())).length).toBe(whole.length);
});

it('is made where it cannot be kept', async () => {
  const file = join(directory, 'no-directory');
  await writeFile(file, '');
  expect((await bundleWorkflows(undefined, file)).code).toContain('reft');
});
