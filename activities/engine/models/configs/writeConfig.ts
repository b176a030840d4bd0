/** The `config.json` of a model: what the engine reads of it, and what the engine takes for granted. */
import type { ModelConfig } from './types.js';

export function configJson(config: ModelConfig): Readonly<Record<string, unknown>> {
  return { ...config, ...takenForGranted(config), dtype: 'float32' };
}

function takenForGranted(config: ModelConfig): Readonly<Record<string, unknown>> {
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
