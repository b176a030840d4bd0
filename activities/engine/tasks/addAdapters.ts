/** The task `addAdapters`: what turns a model into one for LoRA training. */

import { InvalidModel } from '../../errors.js';
import type { LoraConfig } from '../lora/adapters.js';
import { adaptersOf, createAdapters } from '../lora/adapters.js';
import { languageModel } from '../models/index.js';
import type { TaskFunction } from '../threads/task.js';
import { supervisedObjective } from '../training/graphs.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { saveModel } from '../weights/modelFiles.js';

/**
 * Puts adapters on a model that has none, PEFT's initial values: what it computes stays the same. Writes the adapters only.
 * InvalidModel where a layer they are meant for takes none.
 */
export interface AddAdaptersTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly lora: LoraConfig;
    readonly seed: number;
    readonly outputDirectory: string;
  };
  readonly output: { readonly files: ModelFiles };
}

export const addAdapters: TaskFunction<AddAdaptersTask> = async ({ model, lora, seed, outputDirectory }) => {
  if (model.adapters) throw new InvalidModel(`${model.adapters.file}: the model has adapters already`);
  const { config, parameters: base } = model;
  // Built for its checks alone: a layer that takes no adapter is refused now, not by the first training.
  supervisedObjective(config, lora);
  const parameters = createAdapters(adaptersOf(languageModel(config).linear, lora), seed);
  return {
    files: await saveModel(outputDirectory, { config, parameters, adapted: { base, lora }, moments: null, step: 0 }),
  };
};
