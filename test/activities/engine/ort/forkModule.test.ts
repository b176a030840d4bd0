/** The environment that an engine process starts with. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { engineEnvironment } from '../../../../activities/engine/ort/forkModule.js';
import { createEngine } from '../../../../activities/engine/process/engineClient.js';
import { temporaryFolder } from '../modelFolder.js';
import { tinyConfig } from '../support/tinyConfig.js';

describe('the environment of an engine process', () => {
  it.each([
    [undefined, 'glibc.malloc.hugetlb=1'],
    ['glibc.malloc.check=1', 'glibc.malloc.check=1:glibc.malloc.hugetlb=1'],
    ['glibc.malloc.hugetlb=0', 'glibc.malloc.hugetlb=0'],
  ])('asks for large pages, unless somebody has asked otherwise: %s', (given, expected) => {
    const environment = { HOME: '/home', ...(given ? { GLIBC_TUNABLES: given } : {}) };
    expect(engineEnvironment(environment)).toEqual({ HOME: '/home', GLIBC_TUNABLES: expected });
  });

  it.skipIf(process.platform !== 'linux')('is that of the process', async () => {
    const engine = createEngine();
    await engine.run('initialise', { config: tinyConfig, seed: 0, outputDirectory: await temporaryFolder() });
    const environment = await readFile(`/proc/${engine.processId()}/environ`, 'utf8');
    await engine.close();
    expect(environment.split('\0').find((variable) => variable.startsWith('GLIBC_TUNABLES='))).toContain('hugetlb=1');
  });
});
