/** The registry of architectures, by `model_type` of `config.json`. `architecture.ts` says what one is made of. */
import { InvalidModel } from '../../errors.js';
import type { Architecture } from './architecture.js';
import { isJson, type Json, show } from './configFields.js';
import type { TokenConfig, TokenizerTokens } from './configTokens.js';
import { gemma3 } from './gemma3.js';
import { gpt2 } from './gpt2.js';
import type { LanguageModel } from './languageModel.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { opt } from './opt.js';
import { qwen2, qwen3 } from './qwen.js';
import { smollm3 } from './smollm3.js';

const rows = { llama, mistral, qwen2, qwen3, smollm3, gemma3_text: gemma3, gpt2, opt };

type ModelType = keyof typeof rows;
type FieldsOf<Row> = Row extends Architecture<infer Fields> ? Fields : never;
type FieldsByType = { readonly [Type in ModelType]: FieldsOf<(typeof rows)[Type]> };

/** A model's config: the fields of its `config.json` that the engine reads. Checkpoints hold it, and models are built from it. */
export type ModelConfig<Type extends ModelType = ModelType> = {
  readonly [Each in Type]: {
    readonly architectures: readonly [string];
    readonly model_type: Each;
  } & FieldsByType[Each] &
    TokenConfig;
}[Type];

/** What a published config says. */
interface PublishedModel<Type extends ModelType = ModelType> {
  readonly config: ModelConfig<Type>;
  /** Names of its fields that change nothing about what is computed. */
  readonly unread: readonly string[];
}

export type LlamaConfig = ModelConfig<'llama'>;

const architectures: { readonly [Type in ModelType]: Architecture<FieldsByType[Type]> } = rows;

export function languageModel<Type extends ModelType>(config: ModelConfig<Type>): LanguageModel {
  return architectures[config.model_type].model(config);
}

/** The config of a checkpoint: as `readPublished`. */
export function readConfig(json: unknown, file: string, named: TokenizerTokens = {}): ModelConfig {
  return readPublished(json, file, named).config;
}

/**
 * @param json a parsed config.json
 * @param file its name in errors
 * @throws InvalidModel naming every field that has a value the engine does not support
 */
export function readPublished(json: unknown, file: string, named: TokenizerTokens = {}): PublishedModel {
  if (!isJson(json)) throw new InvalidModel(`${file}: a JSON object is needed`);
  const { model_type: type, quantization_config: quantisation, ...fields } = json;
  if (!isModelType(type))
    throw new InvalidModel(`${file}: model_type is ${show(type)}, supported: ${Object.keys(rows).join(', ')}`);
  if (quantisation != null)
    throw new InvalidModel(`${file}: quantization_config is given, supported: weights in F32, F16 or BF16`);
  const { architectures: classes } = fields;
  if (Array.isArray(classes) && classes.some(isOtherTask))
    throw new InvalidModel(
      `${file}: architectures is ${show(classes)}, supported: a language model, such as ${rows[type].className}`,
    );
  return readAs(type, fields, file, named);
}

/** A trunk with a head that gives no next token: fine-tuned for that, it has lost the language model's. */
function isOtherTask(className: unknown): boolean {
  return typeof className === 'string' && /(Classification|QuestionAnswering|RewardModel)$/.test(className);
}

function readAs<Type extends ModelType>(
  type: Type,
  fields: Json,
  file: string,
  named: TokenizerTokens,
): PublishedModel<Type> {
  const { className, read } = architectures[type];
  const { config, unread } = read(fields, file, named);
  return { config: { architectures: [className], model_type: type, ...config }, unread };
}

/** The `config.json` of a model: the fields that the engine reads, and those with the only value it computes. */
export function writeConfig<Type extends ModelType>(config: ModelConfig<Type>): Json {
  return { ...config, ...architectures[config.model_type].fixedFields(config), dtype: 'float32' };
}

function isModelType(type: unknown): type is ModelType {
  return typeof type === 'string' && Object.hasOwn(rows, type);
}
