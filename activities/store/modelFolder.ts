/**
 * A checkpoint as a Hugging Face folder, which transformers loads, and with its `onnx/` transformers.js.
 *
 * It holds the language model's tensors only: transformers would warn of the critic's and the reward model's heads.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeOnnxModel } from '../engine/export/writeOnnxModel.js';
import { endTokensOf } from '../engine/models/configTokens.js';
import { languageModel, type ModelConfig, writeConfig } from '../engine/models/index.js';
import { type ModelFiles, readMerged } from '../engine/weights/modelFiles.js';
import { writeSafetensors } from '../engine/weights/safetensors.js';
import { CorruptObject } from '../errors.js';
import { at } from '../invariant.js';
import type { ObjectRef, Store } from './types.js';

/** Tensors of heads other than the language model's, by name. */
const otherHeads = /^(value_head|score)\./;

export interface PublishTools {
  readonly store: Store;
  /** Where files are written before they are sent. */
  readonly directory: string;
}

/**
 * Publishes the folder's files, adapters merged into the weights, under `prefix` (no slash at its end).
 * @param tokenizerFiles the other tokenizer files of a pretrained model, by name, published as they are.
 * @param endTokens those that ended the run's answers, where a chat template adds one to the model's.
 */
export async function publishModelFolder(
  tools: PublishTools,
  prefix: string,
  model: ModelFiles,
  tokenizer: ObjectRef,
  tokenizerFiles: Readonly<Record<string, ObjectRef>> = {},
  endTokens: readonly number[] = endTokensOf(model.config),
): Promise<void> {
  const { config } = model;
  const { store } = tools;
  const onnxFiles = await publishWeights(tools, prefix, model);
  await store.publish(`${prefix}/tokenizer.json`, await store.getBytes(tokenizer));
  for (const [name, file] of Object.entries(tokenizerFiles))
    await store.publish(`${prefix}/${name}`, await store.getBytes(file));
  if (!Object.hasOwn(tokenizerFiles, 'tokenizer_config.json'))
    await store.publish(
      `${prefix}/tokenizer_config.json`,
      json(tokenizerConfig(config, await namedTokens(store, tokenizer))),
    );
  await store.publish(`${prefix}/generation_config.json`, json(generationConfig(config, endTokens)));
  await store.publish(
    `${prefix}/config.json`,
    json({ ...writeConfig(config), ...transformersJsConfig(onnxFiles.length - 1) }),
  );
}

/** Publishes `model.safetensors` and `onnx/`, and returns the names of the files in the latter. */
async function publishWeights(
  { store, directory }: PublishTools,
  prefix: string,
  model: ModelFiles,
): Promise<readonly string[]> {
  const all = await readMerged(model);
  const tensors = new Map([...all].filter(([tensor]) => !otherHeads.test(tensor)));
  const file = join(directory, 'model.safetensors');
  // transformers refuses files that do not say which framework's layout they hold.
  await writeSafetensors(file, tensors, { format: 'pt' });
  await store.publish(`${prefix}/model.safetensors`, { file });
  await rm(file);
  const onnxFiles = await writeOnnxModel(directory, model.config, tensors);
  for (const name of onnxFiles) await store.publish(`${prefix}/onnx/${name}`, { file: join(directory, name) });
  return onnxFiles;
}

/** transformers.js needs the number of data files of model.onnx in config.json. */
export function transformersJsConfig(dataFiles: number): Readonly<Record<string, unknown>> {
  return dataFiles === 0 ? {} : { 'transformers.js_config': { use_external_data_format: dataFiles } };
}

const tokenizerSchema = z.object({
  added_tokens: z.array(z.object({ id: z.int(), content: z.string() })),
  model: z.object({ unk_token: z.string().nullish() }).default({}),
});

interface NamedTokens {
  /** Texts of the tokenizer's added tokens, the special ones among them, by id. */
  readonly added: ReadonlyMap<number, string>;
  /** The token of unknown words: transformers.js reads it from tokenizer_config.json only. */
  readonly unknown: string | undefined;
}

async function namedTokens(store: Store, tokenizer: ObjectRef): Promise<NamedTokens> {
  const parsed = tokenizerSchema.safeParse(await store.getJson(tokenizer));
  if (!parsed.success) throw new CorruptObject(tokenizer.key, 'a tokenizer.json', z.prettifyError(parsed.error));
  const { added_tokens: added, model } = parsed.data;
  return {
    added: new Map(added.map(({ id, content }) => [id, content])),
    unknown: model.unk_token ?? undefined,
  };
}

function tokenizerConfig(config: ModelConfig, { added, unknown }: NamedTokens): Record<string, unknown> {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: added.get(at(endTokensOf(config), 0)),
    pad_token: added.get(config.pad_token_id),
    unk_token: unknown,
    model_max_length: languageModel(config).positions,
    clean_up_tokenization_spaces: false,
  };
}

function generationConfig(config: ModelConfig, endTokens: readonly number[]): Record<string, unknown> {
  return {
    eos_token_id: endTokens.length === 1 ? endTokens[0] : endTokens,
    pad_token_id: config.pad_token_id,
    max_length: languageModel(config).positions,
    do_sample: false,
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
