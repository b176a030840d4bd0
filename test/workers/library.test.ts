/** What a package exports, where no server is needed; the rest is run from a package in `package.integration.test.ts`. */
import type { Client } from '@temporalio/client';
import { expect, it } from 'vitest';
import { startReft } from '../../workers/library/client.js';
import { InvalidSpec, presets, type ReftSpec, resolveSpec, specSchema } from '../../workers/library/spec.js';
import { reftPlugin } from '../../workers/library/worker.js';

it('a bad specification is refused before anything is started', async () => {
  const client = {} as Client;
  const starting = startReft(client, { preset: 'demo', ppo: { epochs: -1 } }, { workflowId: 'mine' });
  await expect(starting).rejects.toThrow(InvalidSpec);
  await expect(starting).rejects.toThrow(/ppo\.epochs: got -1/);
});

it('a preset with some fields, and a whole specification, are specifications', () => {
  const some: ReftSpec = { preset: 'smoke', method: 'grpo', grpo: { optimiser: { learningRate: 1e-3 } }, sft: null };
  expect(resolveSpec(some)).toMatchObject({ sft: null, grpo: { epochs: 2, optimiser: { learningRate: 1e-3 } } });
  for (const { fields } of Object.values(presets)) {
    const whole: ReftSpec = fields;
    expect(specSchema.safeParse(whole).success).toBe(true);
  }
});

it('the plugin needs the worker’s connection', async () => {
  await expect(reftPlugin().configureWorker?.({ taskQueue: 'team' })).rejects.toThrow(
    'reftPlugin: the worker needs a `connection`',
  );
});

it('a bundle keeps its own interceptors beside those of runs', () => {
  const { workflowInterceptorModules } = reftPlugin().configureBundler?.({
    workflowsPath: 'workflows.js',
    workflowInterceptorModules: ['own.js'],
  }) ?? { workflowInterceptorModules: [] };
  expect(workflowInterceptorModules).toEqual([
    'own.js',
    expect.stringMatching(/workflows\/failures\.ts$/),
    expect.stringMatching(/workflows\/monitoring\/waiting\.ts$/),
  ]);
});
