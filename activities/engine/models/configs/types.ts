/** Model configs: the fields of a Hugging Face `config.json` that the engine reads, by architecture. */

/** How rotary frequencies are scaled for longer sequences than the base model was trained on, as in `config.json`. */
export type RopeScaling =
  | { readonly rope_type: 'linear'; readonly factor: number }
  | {
      readonly rope_type: 'llama3';
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    };

/** The tokens of `config.json`. The end and padding tokens are known once a model is imported, even if null or a list there. */
export interface TokenConfig {
  readonly bos_token_id: number | null;
  readonly eos_token_id: number;
  readonly pad_token_id: number;
}

/** What Llama and Qwen2 have in common: RMSNorm, rotary embedding, grouped-query attention, SwiGLU. */
export interface RotaryDecoderConfig extends TokenConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  /** Absent: `hidden_size / num_attention_heads`. */
  readonly head_dim?: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly rope_scaling?: RopeScaling;
  readonly tie_word_embeddings: boolean;
}

export interface LlamaConfig extends RotaryDecoderConfig {
  readonly architectures: readonly ['LlamaForCausalLM'];
  readonly model_type: 'llama';
}

export interface Qwen2Config extends RotaryDecoderConfig {
  readonly architectures: readonly ['Qwen2ForCausalLM'];
  readonly model_type: 'qwen2';
}

export interface Gpt2Config extends TokenConfig {
  readonly architectures: readonly ['GPT2LMHeadModel'];
  readonly model_type: 'gpt2';
  readonly vocab_size: number;
  readonly n_embd: number;
  readonly n_inner: number;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_positions: number;
  readonly layer_norm_epsilon: number;
  readonly tie_word_embeddings: boolean;
}

/** OPT, and Galactica, which is an OPT with another activation. */
export interface OptConfig extends TokenConfig {
  readonly architectures: readonly ['OPTForCausalLM'];
  readonly model_type: 'opt';
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly ffn_dim: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly activation_function: 'relu' | 'gelu';
  /** Whether linear layers have biases. */
  readonly enable_bias: boolean;
  /** Whether LayerNorms have gains and biases. */
  readonly layer_norm_elementwise_affine: boolean;
  readonly tie_word_embeddings: boolean;
}

export type ModelConfig = LlamaConfig | Qwen2Config | Gpt2Config | OptConfig;
