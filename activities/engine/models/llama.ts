/** Llama, and what is built like it, such as CodeLLAMA, TinyLlama and SmolLM2: they differ in sizes alone. */

import { defineArchitecture } from './architecture.js';
import { only, publishedConfig, size } from './configFields.js';
import { ropeInOneForm } from './ropeConfig.js';
import { rotaryOf } from './rotary.js';
import {
  biasFields,
  createDecoder,
  type DecoderConfig,
  decoderFields,
  decoderFixed,
  headSizeOf,
  readDecoder,
} from './rotaryDecoder.js';

const defaults = { keyValueHeads: null, headSize: null, isTied: false } as const;

export const llama = defineArchitecture({
  className: 'LlamaForCausalLM',
  published: publishedConfig({
    ...decoderFields(defaults),
    ...biasFields,
    hidden_act: only('silu'),
    // Mistral's. Some runtimes look at it in a Llama too.
    sliding_window: size.nullish(),
  }),
  inOneForm: ropeInOneForm,
  read: (published, refusal): DecoderConfig => {
    const { sliding_window: window, max_position_embeddings: positions } = published;
    if (window != null && window < positions)
      throw refusal(
        `sliding_window is ${window}, supported in a llama: null, or max_position_embeddings, ${positions}`,
      );
    return readDecoder(published, defaults, refusal);
  },
  fixedFields: decoderFixed,
  model: (config) => {
    const rotary = rotaryOf(config, headSizeOf(config), config.max_position_embeddings);
    const layer = { rotary, window: null };
    return createDecoder(config, { attention: () => layer });
  },
});
