/** Writes the first checkpoint of a run, of a new model or an imported one. With LoRA it adds the adapters. */

import type { LoraConfig } from './engine/lora/adapters.js';
import type { TaskContext } from './engine/process/engineClient.js';
import type { ModelFiles } from './engine/weights/modelFiles.js';
import { writeCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import type { EngineDependencies } from './trainingSteps.js';

export interface StartingModel {
  readonly base: ModelFiles;
  /** Null: every weight of the base is trained. */
  readonly lora: LoraConfig | null;
  /** For the adapters' initial values. */
  readonly seed: number;
  readonly tokenizer: ObjectRef;
  /** How the base was made. */
  readonly purpose: 'initialise' | 'import';
}

/**
 * The adapters are part of the model from here on: whatever trains this checkpoint trains them.
 * @param outputDirectory where the adapters' file is written first.
 * @throws InvalidModel when the model has no layers that `lora` names, or they take no adapters.
 */
export async function writeStartingModel(
  { store, engine }: EngineDependencies,
  { base, lora, seed, tokenizer, purpose }: StartingModel,
  outputDirectory: string,
  context: TaskContext,
): Promise<CheckpointRef> {
  const { files } = lora
    ? await engine.run('addAdapters', { model: base, lora, seed, outputDirectory }, context)
    : { files: base };
  const isRandom = lora !== null || purpose === 'initialise';
  return writeCheckpoint(store, { ...files, tokenizer, randomKeys: { ...(isRandom ? { seed } : {}), purpose } });
}
