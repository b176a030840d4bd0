/** A checkpoint as folders that others load: `model/` (Hugging Face), and `adapter/` (PEFT) where it has LoRA adapters. */
import type { PreparedData } from './data/types.js';
import { publishAdapterFolder } from './store/adapterFolder.js';
import { readCheckpoint } from './store/checkpoint.js';
import { publishModelFolder } from './store/modelFolder.js';
import type { CheckpointRef } from './store/types.js';
import { type EngineDependencies, withOutputDirectory } from './trainingSteps.js';

export interface PublishedModel {
  readonly model: CheckpointRef;
  readonly data: PreparedData;
  /** The pretrained model it started from, as `PretrainedModel` names it. */
  readonly startedFrom?: string;
}

/** @param prefix of the folders, without a slash at its end */
export async function publishModel(
  { store, workDirectory }: Pick<EngineDependencies, 'store' | 'workDirectory'>,
  prefix: string,
  { model, data, startedFrom }: PublishedModel,
): Promise<void> {
  const { files, manifest } = await readCheckpoint(store, model, { moments: false });
  await withOutputDirectory(workDirectory, async (directory) => {
    const tools = { store, directory };
    const { tokenizerFiles, endTokens } = data;
    await publishModelFolder(tools, `${prefix}/model`, files, manifest.tokenizer, tokenizerFiles, endTokens);
    const { config, adapters } = files;
    if (adapters) await publishAdapterFolder(tools, `${prefix}/adapter`, { config, adapters }, startedFrom);
  });
}
