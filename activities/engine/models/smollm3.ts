/** SmolLM3: Llama's decoder, in which every fourth layer knows no positions (NoPE). */

import { z } from 'zod';
import { at } from '../../invariant.js';
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
import { checkLayers, readWindows, type WindowConfig, windowFields, windowOf, writtenWindows } from './windows.js';

const defaults = { keyValueHeads: 4, headSize: null, ropeBase: 2_000_000, isTied: true } as const;

type SmolLm3Config = DecoderConfig &
  WindowConfig & {
    /** For each layer 1 where it rotates queries and keys, 0 where it knows no positions. */
    readonly no_rope_layers: readonly (0 | 1)[];
  };

export const smollm3 = defineArchitecture({
  className: 'SmolLM3ForCausalLM',
  published: publishedConfig({
    ...decoderFields(defaults),
    ...biasFields,
    hidden_act: only('silu'),
    ...windowFields,
    no_rope_layers: z.array(z.literal([0, 1])).nullish(),
    no_rope_layer_interval: size.default(4),
  }),
  inOneForm: ropeInOneForm,
  read: (published, refusal): SmolLm3Config => {
    const { num_hidden_layers: layers, no_rope_layer_interval: interval, no_rope_layers: given } = published;
    const usual = (_: unknown, layer: number) => ((layer + 1) % interval === 0 ? 0 : 1);
    const rotated = given ?? Array.from({ length: layers }, usual);
    checkLayers('no_rope_layers', rotated, layers, refusal);
    const typeOf = (layer: number) => (at(rotated, layer) === 0 ? 'sliding_attention' : 'full_attention');
    return {
      ...readDecoder(published, defaults, refusal),
      ...readWindows(published, typeOf, null, refusal),
      no_rope_layers: rotated,
    };
  },
  fixedFields: (config) => ({ ...decoderFixed(config), ...writtenWindows(config) }),
  model: (config) => {
    const rotary = rotaryOf(config, headSizeOf(config), config.max_position_embeddings);
    return createDecoder(config, {
      attention: (layer) => ({
        rotary: at(config.no_rope_layers, layer) === 1 ? rotary : null,
        window: windowOf(config, layer),
      }),
    });
  },
});
