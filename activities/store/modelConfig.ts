/** The schema of a model's config in a checkpoint's manifest. */
import { z } from 'zod';
import type { ModelConfig } from '../engine/api.js';

const size = z.int().min(1);
const positive = z.number().positive();

const tokens = {
  bos_token_id: z.int().min(0).nullable(),
  eos_token_id: z.int().min(0),
  pad_token_id: z.int().min(0),
};

const rotaryDecoder = {
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size,
  head_dim: size.exactOptional(),
  max_position_embeddings: size,
  rms_norm_eps: positive,
  rope_theta: positive,
  rope_scaling: z
    .discriminatedUnion('rope_type', [
      z.strictObject({ rope_type: z.literal('linear'), factor: positive }),
      z.strictObject({
        rope_type: z.literal('llama3'),
        factor: positive,
        low_freq_factor: positive,
        high_freq_factor: positive,
        original_max_position_embeddings: size,
      }),
    ])
    .exactOptional(),
  tie_word_embeddings: z.boolean(),
  ...tokens,
};

export const modelConfigSchema: z.ZodType<ModelConfig> = z.discriminatedUnion('model_type', [
  z.strictObject({
    architectures: z.tuple([z.literal('LlamaForCausalLM')]),
    model_type: z.literal('llama'),
    ...rotaryDecoder,
  }),
  z.strictObject({
    architectures: z.tuple([z.literal('Qwen2ForCausalLM')]),
    model_type: z.literal('qwen2'),
    ...rotaryDecoder,
  }),
  z.strictObject({
    architectures: z.tuple([z.literal('GPT2LMHeadModel')]),
    model_type: z.literal('gpt2'),
    vocab_size: size,
    n_embd: size,
    n_inner: size,
    n_layer: size,
    n_head: size,
    n_positions: size,
    layer_norm_epsilon: positive,
    tie_word_embeddings: z.boolean(),
    ...tokens,
  }),
  z.strictObject({
    architectures: z.tuple([z.literal('OPTForCausalLM')]),
    model_type: z.literal('opt'),
    vocab_size: size,
    hidden_size: size,
    ffn_dim: size,
    num_hidden_layers: size,
    num_attention_heads: size,
    max_position_embeddings: size,
    activation_function: z.enum(['relu', 'gelu']),
    enable_bias: z.boolean(),
    layer_norm_elementwise_affine: z.boolean(),
    tie_word_embeddings: z.boolean(),
    ...tokens,
  }),
]);
