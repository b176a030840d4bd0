/**
 * From a pretrained model's `config.json` to the config the engine works with.
 *
 * Every field is either understood, known not to change what a forward pass computes, or named in an error. So no model is ever
 * computed wrongly.
 */
import { z } from 'zod';
import { InvalidModel } from '../../../errors.js';
import { check, configJson, only, positive, size, type Tokens, tokenFields } from './fields.js';
import { readRotaryConfig } from './rotaryFields.js';
import type { ModelConfig } from './types.js';

type Json = Readonly<Record<string, unknown>>;
type Reader = (json: Json, file: string, tokens: Tokens) => ModelConfig;

const readers: Readonly<Record<string, Reader>> = {
  llama: (json, file, tokens) => ({
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    ...readRotaryConfig(json, { attention_bias: only(false), mlp_bias: only(false) }, file, tokens),
  }),

  qwen2: (json, file, tokens) => ({
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    ...readRotaryConfig(
      json,
      {
        use_sliding_window: only(false),
        // Without effect where there is no sliding window.
        sliding_window: z.unknown().optional(),
        max_window_layers: z.unknown().optional(),
        layer_types: z.array(z.literal('full_attention')).nullish(),
      },
      file,
      tokens,
    ),
  }),

  gpt2: (json, file, tokens) => {
    const config = check(gpt2Json, json, file);
    return {
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      vocab_size: config.vocab_size,
      n_embd: config.n_embd,
      n_inner: config.n_inner ?? 4 * config.n_embd,
      n_layer: config.n_layer,
      n_head: config.n_head,
      n_positions: config.n_positions,
      layer_norm_epsilon: config.layer_norm_epsilon,
      tie_word_embeddings: config.tie_word_embeddings,
      ...tokens(config),
    };
  },

  opt: (json, file, tokens) => {
    const config = check(optJson, json, file);
    if (config.word_embed_proj_dim !== undefined && config.word_embed_proj_dim !== config.hidden_size)
      throw new InvalidModel(
        `${file}: word_embed_proj_dim is ${config.word_embed_proj_dim}, supported: hidden_size, ${config.hidden_size}`,
      );
    return {
      architectures: ['OPTForCausalLM'],
      model_type: 'opt',
      vocab_size: config.vocab_size,
      hidden_size: config.hidden_size,
      ffn_dim: config.ffn_dim,
      num_hidden_layers: config.num_hidden_layers,
      num_attention_heads: config.num_attention_heads,
      max_position_embeddings: config.max_position_embeddings,
      activation_function: config.activation_function,
      enable_bias: config.enable_bias,
      layer_norm_elementwise_affine: config.layer_norm_elementwise_affine,
      tie_word_embeddings: config.tie_word_embeddings,
      ...tokens(config),
    };
  },
};

const gpt2Json = configJson({
  ...tokenFields,
  vocab_size: size,
  n_embd: size,
  n_inner: size.nullish(),
  n_layer: size,
  n_head: size,
  n_positions: size,
  // The former name of n_positions.
  n_ctx: size.optional(),
  activation_function: only('gelu_new'),
  layer_norm_epsilon: positive.default(1e-5),
  scale_attn_weights: only(true),
  scale_attn_by_inverse_layer_idx: only(false),
  reorder_and_upcast_attn: only(false),
  tie_word_embeddings: z.boolean().default(true),
});

const optJson = configJson({
  ...tokenFields,
  vocab_size: size,
  hidden_size: size,
  word_embed_proj_dim: size.optional(),
  ffn_dim: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  max_position_embeddings: size,
  activation_function: z.enum(['relu', 'gelu']).default('relu'),
  do_layer_norm_before: only(true),
  _remove_final_layer_norm: only(false),
  enable_bias: z.boolean().default(true),
  layer_norm_elementwise_affine: z.boolean().default(true),
  learned_embeddings: only(true),
  scale_embeddings: only(false),
  tie_word_embeddings: z.boolean().default(true),
});

/**
 * @param json a parsed config.json
 * @param file its name in errors
 * @param named ids of the tokenizer's end and padding tokens, for configs that lack them or list several end tokens
 * @throws InvalidModel naming every field that is unknown or has a value the engine does not support
 */
export function readConfig(
  json: unknown,
  file: string,
  named: { readonly end?: number | undefined; readonly pad?: number | undefined } = {},
): ModelConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new InvalidModel(`${file}: a JSON object is needed`);
  const { model_type: type, quantization_config: quantisation, ...fields } = json as Json;
  if (typeof type !== 'string' || !Object.hasOwn(readers, type))
    throw new InvalidModel(
      `${file}: model_type is ${JSON.stringify(type) ?? 'missing'}, supported: ${Object.keys(readers).join(', ')}`,
    );
  if (quantisation != null)
    throw new InvalidModel(`${file}: quantization_config is given, supported: weights in F32, F16 or BF16`);
  const tokens: Tokens = (config) => {
    const end = endToken(config.eos_token_id, named.end, file);
    const [pad = named.pad ?? end] = [config.pad_token_id].filter(isToken);
    return {
      bos_token_id: isToken(config.bos_token_id) ? config.bos_token_id : null,
      eos_token_id: end,
      pad_token_id: pad,
    };
  };
  const config = readers[type]?.(fields, file, tokens);
  if (config === undefined) throw new InvalidModel(`${file}: model_type ${type} has no reader`);
  checkHeads(config, file);
  return config;
}

/**
 * A model learns to end its answers with one token. Of several, it is the one that the tokenizer names: chat models put it at the
 * end of each turn. The others of the list do not end answers, such as `<|end_of_text|>` in Llama 3, whose turns end with
 * `<|eot_id|>`.
 */
function endToken(given: number | null | readonly number[], named: number | undefined, file: string): number {
  const ends = [...new Set([given].flat().filter(isToken))];
  const [end = named, ...more] = ends;
  if (end === undefined)
    throw new InvalidModel(`${file}: eos_token_id is missing, and tokenizer_config.json names no eos_token`);
  if (more.length === 0) return end;
  if (named === undefined || !ends.includes(named))
    throw new InvalidModel(
      `${file}: eos_token_id is ${JSON.stringify(ends)}, supported: one token, or several with the one that ends answers named by tokenizer_config.json's eos_token (${named === undefined ? 'it names none' : `it names ${named}`})`,
    );
  return named;
}

function isToken(id: number | null): id is number {
  return id !== null && id >= 0;
}

function checkHeads(config: ModelConfig, file: string): void {
  const [hidden, heads] =
    config.model_type === 'gpt2' ? [config.n_embd, config.n_head] : [config.hidden_size, config.num_attention_heads];
  if ('head_dim' in config ? (config.head_dim ?? 2) % 2 !== 0 : hidden % heads !== 0)
    throw new InvalidModel(`${file}: ${heads} heads do not divide a hidden size of ${hidden}`);
  if ('num_key_value_heads' in config && heads % config.num_key_value_heads !== 0)
    throw new InvalidModel(
      `${file}: num_key_value_heads is ${config.num_key_value_heads}, a divisor of num_attention_heads ${heads} is needed`,
    );
}
