/**
 * A checkpoint as a Hugging Face folder: what `AutoModelForCausalLM` and `AutoTokenizer` of transformers load.
 *
 * Only the language model's tensors go into it: the critic's and the reward model's heads are of no use to a reader, and
 * transformers would warn of them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { ObjectRef } from '../contracts.js';
import type { ModelConfig, ModelFiles } from '../engine/api.js';
import { readMerged } from '../engine/lora/mergeAdapters.js';
import { languageModel } from '../engine/models/architectures.js';
import { configJson } from '../engine/models/configs/writeConfig.js';
import { writeSafetensors } from '../engine/runtime/safetensors.js';
import { CorruptObject } from './errors.js';
import type { Store } from './types.js';

/** Names of tensors that belong to heads other than the language model's. */
const otherHeads = /^(value_head|score)\./;

/**
 * Publishes the folder's files, adapters merged into the weights, under `prefix` (no slash at its end).
 * @param tokenizerFiles those of a pretrained model beside its tokenizer.json, passed on as they are.
 */
export async function publishModelFolder(
  store: Store,
  prefix: string,
  model: ModelFiles,
  tokenizer: ObjectRef,
  tokenizerFiles: Readonly<Record<string, ObjectRef>> = {},
): Promise<void> {
  const { config } = model;
  await publishWeights(store, `${prefix}/model.safetensors`, model);
  await store.publish(`${prefix}/tokenizer.json`, await store.getBytes(tokenizer));
  for (const [name, file] of Object.entries(tokenizerFiles))
    await store.publish(`${prefix}/${name}`, await store.getBytes(file));
  if (!Object.hasOwn(tokenizerFiles, 'tokenizer_config.json'))
    await store.publish(
      `${prefix}/tokenizer_config.json`,
      json(tokenizerConfig(config, await nameTokens(store, tokenizer))),
    );
  await store.publish(`${prefix}/generation_config.json`, json(generationConfig(config)));
  await store.publish(`${prefix}/config.json`, json(configJson(config)));
}

async function publishWeights(store: Store, name: string, model: ModelFiles): Promise<void> {
  const tensors = await readMerged(model);
  const directory = await mkdtemp(join(tmpdir(), 'reft-model-'));
  try {
    const file = join(directory, 'model.safetensors');
    // transformers refuses files that do not say which framework's layout they hold.
    await writeSafetensors(file, new Map([...tensors].filter(([tensor]) => !otherHeads.test(tensor))), {
      format: 'pt',
    });
    await store.publish(name, { file });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const tokenizerSchema = z.object({
  added_tokens: z.array(z.object({ id: z.int(), content: z.string() })),
});

/** Ids of the tokenizer's added tokens, the special ones among them, with their texts. */
async function nameTokens(store: Store, tokenizer: ObjectRef): Promise<ReadonlyMap<number, string>> {
  const parsed = tokenizerSchema.safeParse(await store.getJson(tokenizer));
  if (!parsed.success) throw new CorruptObject(tokenizer.key, 'a tokenizer.json', z.prettifyError(parsed.error));
  return new Map(parsed.data.added_tokens.map(({ id, content }) => [id, content]));
}

function tokenizerConfig(config: ModelConfig, tokens: ReadonlyMap<number, string>): Record<string, unknown> {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: tokens.get(config.eos_token_id),
    pad_token: tokens.get(config.pad_token_id),
    model_max_length: languageModel(config).positions,
    clean_up_tokenization_spaces: false,
  };
}

function generationConfig(config: ModelConfig): Record<string, unknown> {
  return {
    eos_token_id: config.eos_token_id,
    pad_token_id: config.pad_token_id,
    max_length: languageModel(config).positions,
    do_sample: false,
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
