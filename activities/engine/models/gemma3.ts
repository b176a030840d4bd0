/**
 * Gemma 3, its text models: embeddings scaled by √hidden, norms before and behind each part, queries and keys normed by head, GELU.
 * Most layers see a window of positions and rotate by a base of their own; every sixth sees all.
 */

import { at } from '../../invariant.js';
import { defineArchitecture } from './architecture.js';
import { isJson, type Json, only, positive, publishedConfig, type Refusal, show, size } from './configFields.js';
import { ropeInOneForm } from './ropeConfig.js';
import { rotaryOf } from './rotary.js';
import {
  biasFields,
  createDecoder,
  type DecoderConfig,
  decoderFields,
  headSizeOf,
  readDecoder,
} from './rotaryDecoder.js';
import { checkLayers, type LayerType, layerTypes } from './windows.js';

const defaults = { keyValueHeads: 4, headSize: 256, ropeBase: 1_000_000, isTied: true } as const;

export interface Gemma3Config extends DecoderConfig {
  readonly query_pre_attn_scalar: number;
  readonly rope_local_base_freq: number;
  readonly sliding_window: number;
  readonly layer_types: readonly LayerType[];
}

export const gemma3 = defineArchitecture({
  className: 'Gemma3ForCausalLM',
  published: publishedConfig({
    ...decoderFields(defaults),
    attention_bias: biasFields.attention_bias,
    hidden_activation: only('gelu_pytorch_tanh'),
    query_pre_attn_scalar: positive.default(256),
    rope_local_base_freq: positive.default(10_000),
    sliding_window: size.default(4096),
    layer_types: layerTypes,
    sliding_window_pattern: size.default(6),
  }),
  inOneForm: (json, refusal) => ropeInOneForm(withoutLayerRopes(json, refusal), refusal),
  read: (published, refusal): Gemma3Config => {
    const { num_hidden_layers: layers, sliding_window_pattern: pattern } = published;
    const usual = (_: unknown, layer: number) => ((layer + 1) % pattern === 0 ? 'full_attention' : 'sliding_attention');
    const types = published.layer_types ?? Array.from({ length: layers }, usual);
    checkLayers('layer_types', types, layers, refusal);
    return {
      ...readDecoder(published, defaults, refusal),
      query_pre_attn_scalar: published.query_pre_attn_scalar,
      rope_local_base_freq: published.rope_local_base_freq,
      sliding_window: published.sliding_window,
      layer_types: types,
    };
  },
  fixedFields: ({ attention_bias = false }) => ({ hidden_activation: 'gelu_pytorch_tanh', attention_bias }),
  model: (config) => {
    const { hidden_size: hidden, max_position_embeddings: positions, sliding_window: window } = config;
    const elements = headSizeOf(config);
    const full = { rotary: rotaryOf(config, elements, positions), window: null };
    const local = { rotary: rotaryOf({ rope_theta: config.rope_local_base_freq }, elements, positions), window };
    return createDecoder(config, {
      attention: (layer) => (at(config.layer_types, layer) === 'full_attention' ? full : local),
      scoreScale: 1 / Math.sqrt(config.query_pre_attn_scalar),
      headNorms: true,
      embeddingScale: Math.sqrt(hidden),
      gemma: true,
    });
  },
});

/** Transformers 5 has a rope for each kind of layer: `rope_parameters: {full_attention, sliding_attention}`. */
function withoutLayerRopes(json: Json, refusal: Refusal): Json {
  const { rope_parameters: ropes, ...rest } = json;
  if (!isJson(ropes) || !('full_attention' in ropes || 'sliding_attention' in ropes)) return json;
  const { full_attention: full = {}, sliding_attention: local = {} } = ropes;
  if (!isJson(local)) throw refusal(`rope_parameters.sliding_attention is ${show(local)}, an object is needed`);
  const { rope_type: type = 'default', rope_theta: base } = local;
  if (type !== 'default')
    throw refusal(`rope_parameters.sliding_attention.rope_type is ${show(type)}, supported: "default"`);
  return { ...rest, rope_parameters: full, ...(base === undefined ? {} : { rope_local_base_freq: base }) };
}
