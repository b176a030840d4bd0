/**
 * config.json of popular checkpoints, as their authors published them: of each the fields that differ from its family's. `weights` are
 * the numbers that the model itself has, a tied head not counted.
 */

import {
  type Fields,
  gemma3,
  gpt2,
  gpt2Sizes,
  llama,
  llama3,
  llama3Rope,
  llama7b,
  llama8b,
  mistral,
  opt,
  optSizes,
  qwen2,
  qwen3,
  qwenLarge,
  qwenMiddle,
  qwenSmall,
  shared,
  sizes,
  smollm,
} from './publishedFamilies.js';

export interface PublishedCheckpoint {
  readonly name: string;
  readonly config: Fields;
  /** Weights of the model, where they are known from elsewhere. */
  readonly weights?: number;
}

const checkpoints =
  (family: Fields) =>
  (...rows: readonly (readonly [name: string, fields: Fields, weights?: number])[]): readonly PublishedCheckpoint[] =>
    rows.map(([name, fields, weights]) => ({
      name,
      config: { ...family, ...fields },
      ...(weights === undefined ? {} : { weights }),
    }));

export const loaded: readonly PublishedCheckpoint[] = [
  ...checkpoints(llama)(
    [
      'meta-llama/Llama-3.2-1B',
      {
        ...llama3,
        ...sizes(2048, 8192, 16, 32, 8),
        head_dim: 64,
        rope_scaling: llama3Rope(32),
        tie_word_embeddings: true,
      },
      1_235_814_400,
    ],
    [
      'meta-llama/Llama-3.2-3B',
      {
        ...llama3,
        ...sizes(3072, 8192, 28, 24, 8),
        head_dim: 128,
        rope_scaling: llama3Rope(32),
        tie_word_embeddings: true,
      },
      3_212_749_824,
    ],
    ['meta-llama/Llama-3.1-8B', { ...llama3, ...llama8b, rope_scaling: llama3Rope(8) }, 8_030_261_248],
    [
      'meta-llama/Llama-3.1-70B',
      { ...llama3, ...sizes(8192, 28_672, 80, 64, 8), rope_scaling: llama3Rope(8) },
      70_553_706_496,
    ],
    ['meta-llama/Meta-Llama-3-8B', { ...llama3, ...llama8b, max_position_embeddings: 8192 }, 8_030_261_248],
    ['deepseek-ai/DeepSeek-R1-Distill-Llama-8B', { ...llama3, ...llama8b, rope_scaling: llama3Rope(8) }, 8_030_261_248],
    ['meta-llama/Llama-2-7b-hf', { ...llama7b, max_position_embeddings: 4096 }, 6_738_415_616],
    ['meta-llama/Llama-2-13b-hf', { ...sizes(5120, 13_824, 40, 40), max_position_embeddings: 4096 }, 13_015_864_320],
    ['huggyllama/llama-7b', { ...llama7b, max_position_embeddings: 2048, rms_norm_eps: 1e-6 }, 6_738_415_616],
    [
      'codellama/CodeLlama-7b-hf',
      { ...llama7b, vocab_size: 32_016, max_position_embeddings: 16_384, rope_theta: 1_000_000 },
      6_738_546_688,
    ],
    [
      'NousResearch/Yarn-Llama-2-7b-64k',
      {
        ...llama7b,
        max_position_embeddings: 65_536,
        rope_scaling: { factor: 16, original_max_position_embeddings: 4096, type: 'yarn', finetuned: true },
      },
      6_738_415_616,
    ],
    [
      'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
      { ...sizes(2048, 5632, 22, 32, 4), max_position_embeddings: 2048 },
      1_100_048_384,
    ],
    [
      '01-ai/Yi-6B',
      { ...sizes(4096, 11_008, 32, 32, 4), vocab_size: 64_000, max_position_embeddings: 4096, rope_theta: 5_000_000 },
      6_061_035_520,
    ],
    [
      'deepseek-ai/deepseek-coder-1.3b-base',
      {
        ...sizes(2048, 5504, 24, 16),
        vocab_size: 32_256,
        max_position_embeddings: 16_384,
        rms_norm_eps: 1e-6,
        rope_scaling: { factor: 4, type: 'linear' },
        rope_theta: 100_000,
        bos_token_id: 32_013,
        eos_token_id: 32_014,
      },
      1_346_471_936,
    ],
    ['HuggingFaceTB/SmolLM2-135M', { ...smollm, ...sizes(576, 1536, 30, 9, 3) }, 134_515_008],
    ['HuggingFaceTB/SmolLM2-360M', { ...smollm, ...sizes(960, 2560, 32, 15, 5) }, 361_821_120],
    ['HuggingFaceTB/SmolLM2-1.7B', { ...smollm, ...sizes(2048, 8192, 24, 32), rope_theta: 130_000 }, 1_711_376_384],
    [
      'HuggingFaceTB/SmolLM-135M',
      { ...smollm, ...sizes(576, 1536, 30, 9, 3), rope_theta: 10_000, max_position_embeddings: 2048 },
      134_515_008,
    ],
  ),
  ...checkpoints(mistral)(
    ['mistralai/Mistral-7B-v0.1', { rope_theta: 10_000, sliding_window: 4096 }, 7_241_732_096],
    ['HuggingFaceH4/zephyr-7b-beta', { rope_theta: 10_000, sliding_window: 4096, pad_token_id: 2 }, 7_241_732_096],
    ['mistralai/Mistral-7B-Instruct-v0.2', {}, 7_241_732_096],
    ['mistralai/Mistral-7B-v0.3', { vocab_size: 32_768 }, 7_248_023_552],
    [
      'mistralai/Mistral-Nemo-Base-2407',
      { ...sizes(5120, 14_336, 40, 32, 8), head_dim: 128, vocab_size: 131_072, max_position_embeddings: 131_072 },
      12_247_782_400,
    ],
    [
      'mistralai/Ministral-8B-Instruct-2410',
      {
        ...sizes(4096, 12_288, 36, 32, 8),
        head_dim: 128,
        vocab_size: 131_072,
        sliding_window: 32_768,
        rope_theta: 1e8,
      },
      8_019_808_256,
    ],
    [
      'mistralai/Mistral-Small-24B-Base-2501',
      { ...sizes(5120, 32_768, 40, 32, 8), head_dim: 128, vocab_size: 131_072, rope_theta: 1e8 },
      23_572_403_200,
    ],
  ),
  ...checkpoints(qwen2)(
    ['Qwen/Qwen2-0.5B', { ...qwenSmall, max_position_embeddings: 131_072, sliding_window: 131_072 }, 494_032_768],
    ['Qwen/Qwen2.5-0.5B', qwenSmall, 494_032_768],
    ['Qwen/Qwen2.5-0.5B-Instruct', { ...qwenSmall, max_window_layers: 21, eos_token_id: 151_645 }, 494_032_768],
    ['Qwen/Qwen2.5-Coder-0.5B', qwenSmall, 494_032_768],
    ['Qwen/Qwen2.5-1.5B', { ...qwenMiddle, max_position_embeddings: 131_072, sliding_window: 131_072 }, 1_543_714_304],
    [
      'Qwen/Qwen2.5-Math-1.5B',
      { ...qwenMiddle, max_position_embeddings: 4096, sliding_window: 4096, rope_theta: 10_000 },
      1_543_714_304,
    ],
    [
      'deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B',
      {
        ...qwenMiddle,
        max_window_layers: 21,
        max_position_embeddings: 131_072,
        sliding_window: 4096,
        rope_theta: 10_000,
        tie_word_embeddings: false,
      },
      1_777_088_000,
    ],
    ['Qwen/Qwen2.5-3B', { ...sizes(2048, 11_008, 36, 16, 2), max_window_layers: 36 }, 3_085_938_688],
    ['Qwen/Qwen2.5-7B', { ...qwenLarge, ...sizes(3584, 18_944, 28, 28, 4), max_window_layers: 28 }, 7_615_616_512],
    [
      'Qwen/Qwen2.5-14B',
      { ...qwenLarge, ...sizes(5120, 13_824, 48, 40, 8), max_window_layers: 48, rms_norm_eps: 1e-5 },
      14_770_033_664,
    ],
    [
      'Qwen/Qwen2.5-32B',
      { ...qwenLarge, ...sizes(5120, 27_648, 64, 40, 8), max_window_layers: 64, rms_norm_eps: 1e-5 },
      32_763_876_352,
    ],
    ['Qwen/Qwen1.5-0.5B', { ...sizes(1024, 2816, 24, 16), max_window_layers: 21 }, 463_987_712],
  ),
  ...checkpoints(qwen3)(
    ['Qwen/Qwen3-0.6B', { ...sizes(1024, 3072, 28, 16, 8), max_window_layers: 28 }, 596_049_920],
    ['Qwen/Qwen3-1.7B', { ...sizes(2048, 6144, 28, 16, 8), max_window_layers: 28 }, 1_720_574_976],
    ['Qwen/Qwen3-4B', { ...sizes(2560, 9728, 36, 32, 8), max_window_layers: 36 }, 4_022_468_096],
    [
      'Qwen/Qwen3-4B-Instruct-2507',
      { ...sizes(2560, 9728, 36, 32, 8), max_position_embeddings: 262_144, rope_theta: 5_000_000 },
      4_022_468_096,
    ],
    ['Qwen/Qwen3-8B', { ...sizes(4096, 12_288, 36, 32, 8), tie_word_embeddings: false }, 8_190_735_360],
    ['Qwen/Qwen3-14B', { ...sizes(5120, 17_408, 40, 40, 8), tie_word_embeddings: false }, 14_768_307_200],
    ['Qwen/Qwen3-32B', { ...sizes(5120, 25_600, 64, 64, 8), tie_word_embeddings: false }, 32_762_123_264],
  ),
  ...checkpoints({
    ...shared,
    architectures: ['SmolLM3ForCausalLM'],
    attention_bias: false,
    bos_token_id: null,
    eos_token_id: 128_001,
    max_position_embeddings: 65_536,
    max_window_layers: 28,
    mlp_bias: false,
    model_type: 'smollm3',
    no_rope_layer_interval: 4,
    no_rope_layers: Array.from({ length: 36 }, (_, layer) => Number((layer + 1) % 4 !== 0)),
    layer_types: new Array<string>(36).fill('full_attention'),
    pad_token_id: 128_004,
    pretraining_tp: 2,
    rms_norm_eps: 1e-6,
    rope_scaling: null,
    rope_theta: 5_000_000,
    sliding_window: null,
    use_sliding_window: false,
    vocab_size: 128_256,
  })(['HuggingFaceTB/SmolLM3-3B', sizes(2048, 11_008, 36, 16, 4), 3_075_098_624]),
  ...checkpoints(gemma3)(
    [
      'google/gemma-3-1b-it',
      { hidden_size: 1152, intermediate_size: 6912, num_hidden_layers: 26, sliding_window_pattern: 6 },
      999_885_952,
    ],
    [
      'google/gemma-3-270m',
      {
        hidden_size: 640,
        intermediate_size: 2048,
        num_hidden_layers: 18,
        _sliding_window_pattern: 6,
        layer_types: Array.from({ length: 18 }, (_, layer) =>
          (layer + 1) % 6 === 0 ? 'full_attention' : 'sliding_attention',
        ),
        use_bidirectional_attention: false,
      },
      268_098_176,
    ],
  ),
  ...checkpoints(gpt2)(
    ['openai-community/gpt2', gpt2Sizes(768, 12, 12), 124_439_808],
    [
      'openai-community/gpt2-medium',
      { ...gpt2Sizes(1024, 24, 16), n_special: 0, predict_special_tokens: true },
      354_823_168,
    ],
    ['openai-community/gpt2-large', gpt2Sizes(1280, 36, 20), 774_030_080],
    ['openai-community/gpt2-xl', { ...gpt2Sizes(1600, 48, 25), output_past: true }, 1_557_611_200],
    ['distilbert/distilgpt2', { ...gpt2Sizes(768, 6, 12), _num_labels: 1, id2label: { 0: 'LABEL_0' } }, 81_912_576],
    [
      'cerebras/Cerebras-GPT-111M',
      {
        ...gpt2Sizes(768, 10, 12),
        n_inner: 3072,
        n_positions: 2048,
        activation_function: 'gelu',
        scale_attn_weights: true,
      },
    ],
  ),
  ...checkpoints(opt)(
    ['facebook/opt-125m', optSizes(768, 12, 12), 125_239_296],
    ['facebook/opt-1.3b', optSizes(2048, 24, 32), 1_315_758_080],
    [
      'facebook/galactica-125m',
      {
        ...optSizes(768, 12, 12),
        vocab_size: 50_000,
        activation_function: 'gelu',
        enable_bias: true,
        learned_embeddings: true,
      },
    ],
  ),
];

export const refused: readonly (PublishedCheckpoint & { readonly why: RegExp })[] = [
  {
    name: 'facebook/opt-350m',
    config: { ...opt, ...optSizes(1024, 24, 16), word_embed_proj_dim: 512, do_layer_norm_before: false },
    why: /do_layer_norm_before is false, supported: true/,
  },
  {
    name: 'stanford-crfm/alias-gpt2-small-x21',
    config: {
      ...gpt2,
      ...gpt2Sizes(768, 12, 12),
      scale_attn_by_inverse_layer_idx: true,
      reorder_and_upcast_attn: true,
    },
    why: /scale_attn_by_inverse_layer_idx is true, supported: false/,
  },
  { name: 'google/gemma-2-2b', config: { model_type: 'gemma2' }, why: /model_type is "gemma2", supported: / },
  { name: 'google/gemma-3-4b-it', config: { model_type: 'gemma3' }, why: /model_type is "gemma3", supported: / },
  { name: 'Qwen/Qwen3-30B-A3B', config: { model_type: 'qwen3_moe' }, why: /model_type is "qwen3_moe"/ },
  { name: 'Qwen/Qwen2.5-VL-3B-Instruct', config: { model_type: 'qwen2_5_vl' }, why: /model_type is "qwen2_5_vl"/ },
  { name: 'mistralai/Mixtral-8x7B-v0.1', config: { model_type: 'mixtral' }, why: /model_type is "mixtral"/ },
  {
    name: 'Qwen/Qwen2.5-0.5B-Instruct-GPTQ-Int4',
    config: { ...qwen2, ...qwenSmall, quantization_config: { bits: 4, quant_method: 'gptq' } },
    why: /quantization_config is given, supported: weights in F32, F16 or BF16/,
  },
];
