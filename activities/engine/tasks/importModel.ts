/** The task `importModel`: checks all weights of a pretrained model and converts them to the form that the engine trains. */

import { InvalidModel, TaskCancelled } from '../../errors.js';
import { headName } from '../models/head.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { TaskFunction } from '../threads/task.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { saveModel } from '../weights/modelFiles.js';
import type { NamedTensor } from '../weights/parameters.js';
import { readSafetensors } from '../weights/safetensors.js';
import { findShards } from '../weights/shards.js';

/** Reads a pretrained model's safetensors and writes them to `outputDirectory` in float32, under the names of `config`'s model. */
export interface ImportModelTask {
  readonly input: {
    readonly config: ModelConfig;
    /** A Hugging Face folder: `model.safetensors`, or `model.safetensors.index.json` with its shards. */
    readonly directory: string;
    readonly outputDirectory: string;
  };
  readonly output: { readonly files: ModelFiles };
}

export const importModel: TaskFunction<ImportModelTask> = async ({ config, directory, outputDirectory }, context) => {
  const { shapes, embedding, fullName } = languageModel(config);
  const expected = new Map(shapes);
  const shards = await findShards(directory);
  const parameters = new Map<string, NamedTensor>();
  const places = new Map<string, string>();
  let tiedHead: NamedTensor | undefined;
  for (const [index, { path, tensors: promised }] of shards.entries()) {
    if (context.isCancelled()) throw new TaskCancelled('importModel was cancelled');
    const { tensors } = await readSafetensors(path, (name) => !isBuffer(name));
    const missing = promised?.find((name) => !isBuffer(name) && !tensors.has(name));
    if (missing !== undefined)
      throw new InvalidModel(`${path}: tensor ${missing} is missing, the index says it is here`);
    for (const [stored, tensor] of tensors) {
      const name = fullName(stored);
      const shape = expected.get(name);
      checkValues(stored, tensor, path);
      if (shape === undefined && name === headName && config.tie_word_embeddings) tiedHead = tensor;
      else if (shape === undefined)
        throw new InvalidModel(
          `${path}: tensor ${stored} is no weight of a ${config.model_type} model with this config`,
        );
      else if (shape.join() !== tensor.shape.join())
        throw new InvalidModel(
          `${path}: tensor ${stored} has shape [${tensor.shape.join(', ')}], the config asks for [${shape.join(', ')}]`,
        );
      else if (parameters.has(name)) throw new InvalidModel(`${path}: tensor ${stored} is in ${places.get(name)} too`);
      else {
        parameters.set(name, tensor);
        places.set(name, path);
      }
    }
    context.onProgress(index + 1, shards.length);
  }
  for (const name of expected.keys())
    if (!parameters.has(name))
      throw new InvalidModel(`${shards.map(({ path }) => path).join(', ')}: tensor ${name} is missing`);
  if (tiedHead) checkTied(parameters.get(embedding), tiedHead, directory);
  return { files: await saveModel(outputDirectory, { config, parameters, moments: null, step: 0 }) };
};

/** Masks and tables that older versions of transformers stored with the weights. */
function isBuffer(name: string): boolean {
  return /(^|\.)(attn\.(bias|masked_bias)|rotary_emb\.inv_freq)$/.test(name);
}

function checkValues(name: string, { data }: NamedTensor, path: string): void {
  for (let index = 0; index < data.length; index++)
    if (!Number.isFinite(data[index]))
      throw new InvalidModel(`${path}: tensor ${name} holds ${data[index]}, at element ${index} of ${data.length}`);
}

/** A file may also hold a tied head. If it differs from the embedding, it contradicts the config. */
function checkTied(embedding: NamedTensor | undefined, head: NamedTensor, directory: string): void {
  const isSame =
    embedding?.shape.join() === head.shape.join() && head.data.every((value, index) => value === embedding.data[index]);
  if (!isSame)
    throw new InvalidModel(
      `${directory}: tensor ${headName} differs from the embedding, though the config's tie_word_embeddings is true`,
    );
}
