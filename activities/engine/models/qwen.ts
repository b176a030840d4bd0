/**
 * Qwen2, Qwen2.5 and Qwen3: Llama's decoder. Qwen2 has biases on queries, keys and values; Qwen3 has none, and norms each head's
 * queries and keys. Layers from `max_window_layers` on may have a window, which no published model uses.
 */

import { z } from 'zod';
import { defineArchitecture } from './architecture.js';
import { only, publishedConfig, type Refusal } from './configFields.js';
import type { LanguageModel } from './languageModel.js';
import { ropeInOneForm } from './ropeConfig.js';
import { rotaryOf } from './rotary.js';
import {
  biasFields,
  createDecoder,
  type DecoderConfig,
  type Design,
  decoderFields,
  headSizeOf,
  readDecoder,
} from './rotaryDecoder.js';
import { readWindows, type WindowConfig, windowFields, windowOf, writtenWindows } from './windows.js';

type QwenConfig = DecoderConfig & WindowConfig;

const qwenFields = {
  hidden_act: only('silu'),
  ...windowFields,
  max_window_layers: z.int().min(0).default(28),
};

/** Where windows are in use and a config has no width. */
const usualWindow = 4096;

type PublishedWindows = Parameters<typeof readWindows>[0] & { readonly max_window_layers: number };

function readQwenWindows(published: PublishedWindows, refusal: Refusal): WindowConfig {
  const typeOf = (layer: number) =>
    layer >= published.max_window_layers ? 'sliding_attention' : ('full_attention' as const);
  return readWindows(published, typeOf, usualWindow, refusal);
}

function createQwen(config: QwenConfig, design: Pick<Design, 'queryKeyValueBiases' | 'headNorms'>): LanguageModel {
  const rotary = rotaryOf(config, headSizeOf(config), config.max_position_embeddings);
  return createDecoder(config, { ...design, attention: (layer) => ({ rotary, window: windowOf(config, layer) }) });
}

const qwen2Defaults = { keyValueHeads: 32, headSize: null, isTied: false } as const;

export const qwen2 = defineArchitecture({
  className: 'Qwen2ForCausalLM',
  published: publishedConfig({
    ...decoderFields(qwen2Defaults),
    ...qwenFields,
    // It has biases whatever is said here.
    attention_bias: z
      .unknown()
      .optional()
      .transform((): undefined => undefined),
  }),
  inOneForm: ropeInOneForm,
  read: (published, refusal): QwenConfig => ({
    ...readDecoder(published, qwen2Defaults, refusal),
    ...readQwenWindows(published, refusal),
  }),
  fixedFields: (config) => ({ hidden_act: 'silu', ...writtenWindows(config) }),
  model: (config) => createQwen(config, { queryKeyValueBiases: true }),
});

const qwen3Defaults = { keyValueHeads: 32, headSize: 128, isTied: false } as const;

export const qwen3 = defineArchitecture({
  className: 'Qwen3ForCausalLM',
  published: publishedConfig({
    ...decoderFields(qwen3Defaults),
    ...qwenFields,
    attention_bias: biasFields.attention_bias,
  }),
  inOneForm: ropeInOneForm,
  read: (published, refusal): QwenConfig => ({
    ...readDecoder(published, qwen3Defaults, refusal),
    ...readQwenWindows(published, refusal),
  }),
  fixedFields: (config) => ({
    hidden_act: 'silu',
    attention_bias: config.attention_bias ?? false,
    ...writtenWindows(config),
  }),
  model: (config) => createQwen(config, { headNorms: true }),
});
