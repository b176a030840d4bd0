/** Fixture models on disk, as the engine's tasks take and leave them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ModelConfig } from '../../../activities/engine/models/index.js';
import type { ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import type { Parameters } from '../../../activities/engine/weights/parameters.js';
import { writeSafetensors } from '../../../activities/engine/weights/safetensors.js';

/** A folder that is gone when the test file ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'reft-test-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes parameters as a model that has never been trained. */
export async function writeModel(path: string, config: ModelConfig, parameters: Parameters): Promise<ModelFiles> {
  await writeSafetensors(path, parameters);
  return { config, parameters: path, step: 0 };
}

/** A task's context for tests that neither cancel nor watch. */
export const quietContext = { onProgress: () => undefined, isCancelled: () => false };
