/** Writes the `config.json` of a model: the fields that the engine reads, and those with the only value it computes. */
import type { ModelConfig } from './types.js';

export function configJson(config: ModelConfig): Readonly<Record<string, unknown>> {
  return { ...config, ...fixedFields(config), dtype: 'float32' };
}

function fixedFields(config: ModelConfig): Readonly<Record<string, unknown>> {
  switch (config.model_type) {
    case 'llama':
      return { hidden_act: 'silu', attention_bias: false, mlp_bias: false };
    case 'qwen2':
      return { hidden_act: 'silu', use_sliding_window: false };
    case 'gpt2':
      return { activation_function: 'gelu_new' };
    case 'opt':
      return { do_layer_norm_before: true, word_embed_proj_dim: config.hidden_size };
  }
}
