/** Writes the first checkpoint of a run, of a new model or an imported one. With LoRA it adds the adapters. */

import type { LoraConfig } from './engine/lora/adapters.js';
import type { TaskContext } from './engine/process/engineClient.js';
import type { ComputeSettings, ModelFiles } from './engine/weights/modelFiles.js';
import { writeCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import type { EngineDependencies } from './trainingSteps.js';

export interface StartingModel {
  readonly base: ModelFiles;
  /** Null: every weight of the base is trained. */
  readonly lora: LoraConfig | null;
  /** How it is computed from here on. */
  readonly compute: ComputeSettings;
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
  { base, lora, compute, seed, tokenizer, purpose }: StartingModel,
  outputDirectory: string,
  context: TaskContext,
): Promise<CheckpointRef> {
  const { files } = lora
    ? await engine.run('addAdapters', { model: base, lora, seed, outputDirectory }, context)
    : { files: base };
  const isRandom = lora !== null || purpose === 'initialise';
  // What is so by default is not written: it is what checkpoints without it mean.
  const isDefault = compute.precision === 'float32' && !compute.recompute && !compute.attentionInBlocks;
  const computed = isDefault ? files : { ...files, compute };
  return writeCheckpoint(store, { ...computed, tokenizer, randomKeys: { ...(isRandom ? { seed } : {}), purpose } });
}
