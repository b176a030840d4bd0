/** Mistral: Llama's decoder, whose tokens see the last positions only in its first version. */

import { defineArchitecture } from './architecture.js';
import { only, publishedConfig, size } from './configFields.js';
import { ropeInOneForm } from './ropeConfig.js';
import { rotaryOf } from './rotary.js';
import { createDecoder, type DecoderConfig, decoderFields, headSizeOf, readDecoder } from './rotaryDecoder.js';
import { layerTypes, type WindowConfig } from './windows.js';

const defaults = { keyValueHeads: 8, headSize: null, isTied: false } as const;

/** Where a config has none. */
const usualWindow = 4096;

export const mistral = defineArchitecture({
  className: 'MistralForCausalLM',
  published: publishedConfig({
    ...decoderFields(defaults),
    hidden_act: only('silu'),
    sliding_window: size.nullable().default(usualWindow),
    layer_types: layerTypes,
  }),
  inOneForm: ropeInOneForm,
  read: (published, refusal): DecoderConfig & WindowConfig => {
    const { sliding_window: window, layer_types: types, max_position_embeddings: positions } = published;
    // transformers gives all layers the window, whatever the list says.
    if (new Set(types).size > 1) throw refusal('layer_types has layers of two kinds, supported in a mistral: one kind');
    return {
      ...readDecoder(published, defaults, refusal),
      // A window that no sequence exceeds is none.
      ...(window === null || window >= positions ? {} : { sliding_window: window }),
    };
  },
  fixedFields: ({ sliding_window = null }) => ({ hidden_act: 'silu', sliding_window }),
  model: (config) => {
    const rotary = rotaryOf(config, headSizeOf(config), config.max_position_embeddings);
    const layer = { rotary, window: config.sliding_window ?? null };
    return createDecoder(config, { attention: () => layer });
  },
});
