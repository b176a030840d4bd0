/** The activity `importModel`: a pretrained model (a folder, the hub, S3) becomes a checkpoint in the store. */
import type { ComputeSpec } from '../workflows/config/compute.js';
import type { LoraSpec } from '../workflows/config/lora.js';
import { languageModel } from './engine/models/index.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { HubAccess } from './pretrained/hub.js';
import { obtainModel } from './pretrained/obtainModel.js';
import { isCheckpoint, openCheckpoint } from './pretrained/openCheckpoint.js';
import { readFolder } from './pretrained/readFolder.js';
import type { PretrainedModel } from './pretrained/source.js';
import type { ObjectRef } from './store/types.js';
import { type EngineDependencies, withOutputDirectory } from './trainingSteps.js';
import { writeStartingModel } from './writeStartingModel.js';

/** Most fields of a config that are listed: a result goes into Temporal's history. */
const mostListed = 50;

/** `from` is the spec's `model.from`. */
export interface ImportModelInput {
  readonly from: string;
  readonly lora: LoraSpec | null;
  readonly compute: ComputeSpec;
  /** For the adapters' initial values, with `lora`. */
  readonly seed: number;
}

export interface ImportDependencies extends EngineDependencies {
  readonly hub: HubAccess;
  readonly downloadDirectory: string;
}

/**
 * An interrupted download is continued by the next attempt on the same machine.
 *
 * @throws InvalidModel when there is no such model, or naming the file, field or tensor that cannot be used.
 */
export function createImportModel(dependencies: ImportDependencies) {
  const { store, engine, workDirectory, downloadDirectory, hub } = dependencies;
  return ({ from, lora, compute, seed }: ImportModelInput): Promise<PretrainedModel> =>
    heartbeatWhile('bytes', async (report, signal) => {
      if (isCheckpoint(from)) return openCheckpoint(store, from);
      let bytes = 0;
      const obtained = await obtainModel(from, {
        store,
        hub,
        directory: downloadDirectory,
        signal,
        onBytes: (arrived) => {
          bytes += arrived;
          report(bytes, bytes);
        },
      });
      const folder = await readFolder(obtained.directory);
      const { config } = folder;
      const tokenizer = await store.putBytes(folder.tokenizer);
      const otherFiles: Record<string, ObjectRef> = {};
      for (const [name, content] of folder.otherFiles) otherFiles[name] = await store.putBytes(content);
      const checkpoint = await withOutputDirectory(workDirectory, async (outputDirectory) => {
        const task = { config, directory: obtained.directory, outputDirectory };
        const { files: base } = await engine.run('importModel', task, { signal });
        const start = { base, lora, compute, seed, tokenizer, purpose: 'import' } as const;
        return writeStartingModel(dependencies, start, outputDirectory, { signal });
      });
      await obtained.release();
      return {
        name: obtained.name,
        checkpoint,
        positions: languageModel(config).positions,
        unreadFields: folder.unread.slice(0, mostListed),
        tokenizer: { ...folder.special, tokenizer, otherFiles, vocabularySize: folder.vocabularySize },
      };
    });
}
