/** The fields of config.json that the checkpoints of a family share, as their authors published them. */

export type Fields = Readonly<Record<string, unknown>>;

export const llama3Rope = (factor: number): Fields => ({
  factor,
  high_freq_factor: 4,
  low_freq_factor: 1,
  original_max_position_embeddings: 8192,
  rope_type: 'llama3',
});

export const sizes = (hidden: number, inner: number, layers: number, heads: number, keyValueHeads = heads): Fields => ({
  hidden_size: hidden,
  intermediate_size: inner,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: keyValueHeads,
});

export const shared: Fields = {
  attention_dropout: 0,
  hidden_act: 'silu',
  initializer_range: 0.02,
  torch_dtype: 'bfloat16',
  transformers_version: '4.45.0',
  use_cache: true,
};

export const llama: Fields = {
  ...shared,
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  mlp_bias: false,
  model_type: 'llama',
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  bos_token_id: 1,
  eos_token_id: 2,
  vocab_size: 32_000,
  rope_scaling: null,
  tie_word_embeddings: false,
};
export const llama3: Fields = {
  vocab_size: 128_256,
  bos_token_id: 128_000,
  eos_token_id: 128_001,
  max_position_embeddings: 131_072,
  rope_theta: 500_000,
};
export const smollm: Fields = {
  vocab_size: 49_152,
  bos_token_id: 0,
  eos_token_id: 0,
  is_llama_config: true,
  rope_interleaved: false,
  rope_theta: 100_000,
  max_position_embeddings: 8192,
  tie_word_embeddings: true,
};
export const llama8b = sizes(4096, 14_336, 32, 32, 8);
export const llama7b = sizes(4096, 11_008, 32, 32);

export const mistral: Fields = {
  ...shared,
  ...sizes(4096, 14_336, 32, 32, 8),
  architectures: ['MistralForCausalLM'],
  bos_token_id: 1,
  eos_token_id: 2,
  max_position_embeddings: 32_768,
  model_type: 'mistral',
  rms_norm_eps: 1e-5,
  rope_theta: 1_000_000,
  sliding_window: null,
  tie_word_embeddings: false,
  vocab_size: 32_000,
};

export const qwen2: Fields = {
  ...shared,
  architectures: ['Qwen2ForCausalLM'],
  bos_token_id: 151_643,
  eos_token_id: 151_643,
  max_position_embeddings: 32_768,
  model_type: 'qwen2',
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  sliding_window: 32_768,
  tie_word_embeddings: true,
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 151_936,
};
export const qwenSmall = { ...sizes(896, 4864, 24, 14, 2), max_window_layers: 24 };
export const qwenMiddle = { ...sizes(1536, 8960, 28, 12, 2), max_window_layers: 28 };
export const qwenLarge: Fields = {
  max_position_embeddings: 131_072,
  sliding_window: 131_072,
  vocab_size: 152_064,
  tie_word_embeddings: false,
};

export const qwen3: Fields = {
  ...shared,
  architectures: ['Qwen3ForCausalLM'],
  attention_bias: false,
  bos_token_id: 151_643,
  eos_token_id: 151_645,
  head_dim: 128,
  max_position_embeddings: 40_960,
  model_type: 'qwen3',
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 1_000_000,
  sliding_window: null,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vocab_size: 151_936,
};

export const gemma3: Fields = {
  architectures: ['Gemma3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0,
  attn_logit_softcapping: null,
  bos_token_id: 2,
  cache_implementation: 'hybrid',
  eos_token_id: 1,
  final_logit_softcapping: null,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  initializer_range: 0.02,
  max_position_embeddings: 32_768,
  model_type: 'gemma3_text',
  num_attention_heads: 4,
  num_key_value_heads: 1,
  pad_token_id: 0,
  query_pre_attn_scalar: 256,
  rms_norm_eps: 1e-6,
  rope_local_base_freq: 10_000,
  rope_scaling: null,
  rope_theta: 1_000_000,
  sliding_window: 512,
  torch_dtype: 'bfloat16',
  use_cache: true,
  vocab_size: 262_144,
};

export const gpt2: Fields = {
  activation_function: 'gelu_new',
  architectures: ['GPT2LMHeadModel'],
  attn_pdrop: 0.1,
  bos_token_id: 50_256,
  embd_pdrop: 0.1,
  eos_token_id: 50_256,
  initializer_range: 0.02,
  layer_norm_epsilon: 1e-5,
  model_type: 'gpt2',
  n_ctx: 1024,
  n_positions: 1024,
  resid_pdrop: 0.1,
  summary_activation: null,
  summary_first_dropout: 0.1,
  summary_proj_to_labels: true,
  summary_type: 'cls_index',
  summary_use_proj: true,
  task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
  vocab_size: 50_257,
};
export const gpt2Sizes = (n_embd: number, n_layer: number, n_head: number): Fields => ({ n_embd, n_layer, n_head });

export const opt: Fields = {
  _remove_final_layer_norm: false,
  activation_dropout: 0,
  activation_function: 'relu',
  architectures: ['OPTForCausalLM'],
  attention_dropout: 0,
  bos_token_id: 2,
  do_layer_norm_before: true,
  dropout: 0.1,
  eos_token_id: 2,
  init_std: 0.02,
  layerdrop: 0,
  max_position_embeddings: 2048,
  model_type: 'opt',
  pad_token_id: 1,
  prefix: '</s>',
  torch_dtype: 'float16',
  use_cache: true,
  vocab_size: 50_272,
};
export const optSizes = (hidden: number, layers: number, heads: number): Fields => ({
  hidden_size: hidden,
  word_embed_proj_dim: hidden,
  ffn_dim: 4 * hidden,
  num_hidden_layers: layers,
  num_attention_heads: heads,
});
