/** A Llama config small enough that a test builds, runs and forgets it in milliseconds; heads are grouped two to one. */
import type { LlamaConfig } from '../../../../activities/engine/models/index.js';

export const tinyConfig: LlamaConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 23,
  hidden_size: 64,
  intermediate_size: 40,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 48,
  rms_norm_eps: 1e-5,
  rope_theta: 1000,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: 1,
  pad_token_id: 0,
};
