/** config.json: published ones load or are refused for a reason, and what says nothing is listed. */
import { describe, expect, it } from 'vitest';
import { languageModel, readPublished, writeConfig } from '../../../../activities/engine/models/index.js';
import { loaded, refused } from './publishedConfigs.js';

const read = (json: Readonly<Record<string, unknown>>) => readPublished(json, 'config.json');

describe('published configs', () => {
  it('are many', () => {
    expect(new Set([...loaded, ...refused].map(({ name }) => name)).size).toBeGreaterThanOrEqual(60);
  });

  it.each(loaded.map((checkpoint) => [checkpoint.name, checkpoint] as const))('load: %s', (_, { config, weights }) => {
    const own = read(config).config;
    // What is written says the same.
    expect(read(writeConfig(own)).config).toEqual(own);
    if (weights === undefined) return;
    const { shapes } = languageModel(own);
    expect(shapes.reduce((total, [, shape]) => total + shape.reduce((a, b) => a * b), 0)).toBe(weights);
  });

  it.each(refused.map((checkpoint) => [checkpoint.name, checkpoint] as const))('refused: %s', (_, { config, why }) => {
    expect(() => read(config)).toThrow(why);
  });
});

const sizes = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 4 };
const tiny = (model_type: string) => ({
  ...sizes,
  model_type,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-6,
  eos_token_id: 1,
  vocab_size: 19,
});
const gpt2 = {
  model_type: 'gpt2',
  vocab_size: 19,
  n_embd: 64,
  n_head: 4,
  n_layer: 2,
  n_positions: 64,
  eos_token_id: 1,
};

describe('fields that change nothing', () => {
  it('model-config-qwen25: use_mrope false is listed', () => {
    const { config, unread } = read({
      ...tiny('qwen2'),
      architectures: ['Qwen2ForCausalLM'],
      attention_dropout: 0,
      max_window_layers: 21,
      sliding_window: 32_768,
      torch_dtype: 'bfloat16',
      use_mrope: false,
      use_sliding_window: false,
    });
    expect(config).toMatchObject({ model_type: 'qwen2', hidden_size: 64 });
    expect(unread).toEqual(['attention_dropout', 'torch_dtype', 'use_mrope']);
  });

  it('model-config-gpt2-old: those of generation and labels are listed', () => {
    const said = {
      _num_labels: 1,
      do_sample: true,
      id2label: { 0: 'LABEL_0' },
      label2id: { LABEL_0: 0 },
      max_length: 50,
    };
    const { config, unread } = read({ ...gpt2, ...said, n_ctx: 1024, pruned_heads: {} });
    expect(config).toMatchObject({ n_positions: 64 });
    expect(unread).toEqual([...Object.keys(said), 'n_ctx', 'pruned_heads']);
  });

  it('are listed by their place inside others, and long names are cut', () => {
    const rope_scaling = { type: 'yarn', factor: 4, finetuned: true };
    const { unread } = read({ ...tiny('llama'), rope_scaling, ['x'.repeat(1_000)]: 1 });
    expect(unread).toEqual(['rope_scaling.finetuned', `${'x'.repeat(80)}…`]);
  });
});

describe('fields that would change something', () => {
  it.each([
    ['qwen2', { use_mrope: true }, /use_mrope is true, supported: null, false/],
    ['qwen2', { rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] } }, /rope_scaling\.rope_type is "mrope"/],
    ['qwen2', { partial_rotary_factor: 0.5 }, /partial_rotary_factor is 0\.5, supported: 1/],
    ['qwen2', { layer_types: ['sliding_attention', 'full_attention'] }, /but use_sliding_window is false/],
    ['qwen3', { head_dim: 7 }, /head_dim is 7, an even size is needed/],
    ['llama', { hidden_size: 60 }, /hidden_size \/ num_attention_heads is 15, an even size is needed/],
    ['llama', { final_logit_softcapping: 30 }, /final_logit_softcapping is 30, supported: null/],
    ['llama', { embedding_multiplier: 12 }, /embedding_multiplier is 12/],
    ['llama', { sliding_window: 32 }, /sliding_window is 32, supported in a llama/],
    ['llama', { hidden_act: 'gelu' }, /hidden_act is "gelu", supported: "silu"/],
    ['llama', { rope_scaling: { rope_type: 'longrope', factor: 4 } }, /rope_scaling\.rope_type is "longrope"/],
    ['mistral', { attention_bias: true }, /attention_bias is true/],
    ['mistral', { layer_types: ['sliding_attention', 'full_attention'] }, /layer_types has layers of two kinds/],
    ['smollm3', { no_rope_layers: [1] }, /no_rope_layers is \[1\], 2 elements are needed/],
    ['gemma3_text', { attn_logit_softcapping: 50 }, /attn_logit_softcapping is 50, supported: null/],
    ['gemma3_text', { use_bidirectional_attention: true }, /use_bidirectional_attention is true/],
    ['gemma3_text', { hidden_activation: 'relu' }, /hidden_activation is "relu"/],
    ['llama', { num_hidden_layers: 1e9 }, /num_hidden_layers is 1000000000, Too big/],
    ['llama', { quantization_config: { quant_method: 'gptq' } }, /quantization_config is given/],
    ['llama', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, /rope_scaling\.low_freq_factor is missing/],
    ['llama', { num_key_value_heads: 3 }, /num_key_value_heads is 3, a divisor/],
    ['llama', { hidden_size: '64' }, /hidden_size is "64"/],
    [
      'qwen2',
      { architectures: ['Qwen2ForSequenceClassification'], num_labels: 1 },
      /architectures is \["Qwen2ForSequenceClassification"\], supported: a language model, such as Qwen2ForCausalLM/,
    ],
  ])('are refused, named: a %s with %j', (type, fields, message) => {
    expect(() => read({ ...tiny(type), ...fields })).toThrow(message);
  });

  it('are read where the engine computes them', () => {
    const windows = { use_sliding_window: true, sliding_window: 8, max_window_layers: 1 };
    const layersOf = (json: Readonly<Record<string, unknown>>) => languageModel(read(json).config).attention.layers;
    expect(layersOf({ ...tiny('qwen2'), ...windows }).map(({ window }) => window)).toEqual([null, 8]);
    expect(layersOf(tiny('mistral')).map(({ window }) => window)).toEqual([null, null]);
    const long = { ...tiny('mistral'), max_position_embeddings: 8192 };
    expect(layersOf(long).map(({ window }) => window)).toEqual([4096, 4096]);
    expect(layersOf({ ...tiny('smollm3'), no_rope_layer_interval: 2 }).map(({ rotary }) => rotary === null)).toEqual([
      false,
      true,
    ]);
    // In sequences that the model takes, this scaling says nothing.
    const [dynamic, plain] = [{ rope_scaling: { type: 'dynamic', factor: 2 } }, {}].map((scaling) =>
      layersOf({ ...tiny('llama'), ...scaling }),
    );
    expect(dynamic).toEqual(plain);
  });
});
