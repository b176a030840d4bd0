/**
 * The Llama family: RMSNorm, rotary embedding, grouped-query attention, SwiGLU, tied or untied head. Llama itself and models built
 * like it (CodeLLAMA, SmolLM2) have no biases; Qwen2 and Qwen2.5 have biases on queries, keys and values.
 */

import { z } from 'zod';
import { rmsNorm, swiglu } from '../graph/customGradients.js';
import type { Tensor } from '../graph/graph.js';
import { add, gatherRows } from '../graph/operators.js';
import { type Architecture, defineArchitecture } from './architecture.js';
import { linear, rowsAfterAttention } from './blocks.js';
import { checkHeads, type Json, only, positive, publishedConfig, size } from './configFields.js';
import { withHead } from './head.js';
import type { LanguageModel, ParameterShapes, Sequences, Weights } from './languageModel.js';
import { type RopeConfig, readRope, ropeFields, ropeInOneForm } from './ropeConfig.js';
import { rotaryFrequencies } from './rotary.js';

interface RotaryDecoderConfig extends RopeConfig {
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
  readonly tie_word_embeddings: boolean;
}

/** How the members of the family differ. */
interface Variant {
  readonly className: string;
  /** Fields of the published config that only this member has. */
  readonly ownFields: Readonly<Record<string, z.ZodType>>;
  /** Those that a written config.json says. */
  readonly fixedFields: Json;
  /** Whether the projections to queries, keys and values have biases. */
  readonly attentionBias: boolean;
}

export const llama = rotaryDecoder({
  className: 'LlamaForCausalLM',
  ownFields: { attention_bias: only(false), mlp_bias: only(false) },
  fixedFields: { attention_bias: false, mlp_bias: false },
  attentionBias: false,
});

export const qwen2 = rotaryDecoder({
  className: 'Qwen2ForCausalLM',
  ownFields: {
    use_sliding_window: only(false),
    // Without effect where there is no sliding window.
    sliding_window: z.unknown().optional(),
    max_window_layers: z.unknown().optional(),
    layer_types: z.array(z.literal('full_attention')).nullish(),
  },
  fixedFields: { use_sliding_window: false },
  attentionBias: true,
});

function rotaryDecoder(variant: Variant): Architecture<RotaryDecoderConfig> {
  return defineArchitecture({
    className: variant.className,
    published: publishedConfig({
      vocab_size: size,
      hidden_size: size,
      intermediate_size: size,
      num_hidden_layers: size,
      num_attention_heads: size,
      num_key_value_heads: size.optional(),
      head_dim: size.nullish(),
      hidden_act: only('silu'),
      max_position_embeddings: size,
      rms_norm_eps: positive,
      ...ropeFields,
      tie_word_embeddings: z.boolean().default(false),
      ...variant.ownFields,
    }),
    inOneForm: ropeInOneForm,
    read: (published, refusal): RotaryDecoderConfig => {
      const { hidden_size: hidden, num_attention_heads: heads, head_dim: headSize } = published;
      const { num_key_value_heads: keyValueHeads = heads } = published;
      if (headSize == null) checkHeads(hidden, heads, refusal);
      else if (headSize % 2 !== 0) throw refusal(`head_dim is ${headSize}, an even size is needed`);
      if (heads % keyValueHeads !== 0)
        throw refusal(`num_key_value_heads is ${keyValueHeads}, a divisor of num_attention_heads ${heads} is needed`);
      return {
        vocab_size: published.vocab_size,
        hidden_size: hidden,
        intermediate_size: published.intermediate_size,
        num_hidden_layers: published.num_hidden_layers,
        num_attention_heads: heads,
        num_key_value_heads: keyValueHeads,
        ...(headSize == null ? {} : { head_dim: headSize }),
        max_position_embeddings: published.max_position_embeddings,
        rms_norm_eps: published.rms_norm_eps,
        ...readRope(published),
        tie_word_embeddings: published.tie_word_embeddings,
      };
    },
    fixedFields: () => ({ hidden_act: 'silu', ...variant.fixedFields }),
    model: (config) => createModel(config, variant),
  });
}

function createModel(config: RotaryDecoderConfig, variant: Variant): LanguageModel {
  const size = config.head_dim ?? config.hidden_size / config.num_attention_heads;
  return {
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    positions: config.max_position_embeddings,
    attention: {
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_key_value_heads,
      size,
      rotary: {
        positions: config.max_position_embeddings,
        frequencies: rotaryFrequencies(config.rope_theta, size, config.rope_scaling),
      },
    },
    fullName: (name) => name,
    ...withHead(shapesOf(config, size, variant), config.tie_word_embeddings),
    trunk: (weight, tokens, sequences, read) => trunk(config, variant, weight, tokens, sequences, read),
  };
}

function shapesOf(config: RotaryDecoderConfig, size: number, { attentionBias }: Variant): ParameterShapes {
  const { hidden_size: hidden, intermediate_size: intermediate, vocab_size: vocabulary } = config;
  const queries = config.num_attention_heads * size;
  const keys = config.num_key_value_heads * size;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer): ParameterShapes => {
    const prefix = `model.layers.${layer}`;
    const projection = (name: string, out: number): ParameterShapes => [
      [`${prefix}.self_attn.${name}.weight`, [out, hidden]],
      ...(attentionBias ? [[`${prefix}.self_attn.${name}.bias`, [out]] as const] : []),
    ];
    return [
      [`${prefix}.input_layernorm.weight`, [hidden]],
      ...projection('q_proj', queries),
      ...projection('k_proj', keys),
      ...projection('v_proj', keys),
      [`${prefix}.self_attn.o_proj.weight`, [hidden, queries]],
      [`${prefix}.post_attention_layernorm.weight`, [hidden]],
      [`${prefix}.mlp.gate_proj.weight`, [intermediate, hidden]],
      [`${prefix}.mlp.up_proj.weight`, [intermediate, hidden]],
      [`${prefix}.mlp.down_proj.weight`, [hidden, intermediate]],
    ];
  }).flat();
  return [['model.embed_tokens.weight', [vocabulary, hidden]], ...layers, ['model.norm.weight', [hidden]]];
}

function trunk(
  config: RotaryDecoderConfig,
  { attentionBias }: Variant,
  weight: Weights,
  tokens: Tensor,
  { attend }: Sequences,
  read?: Tensor,
): Tensor {
  const rows = rowsAfterAttention(config.num_hidden_layers, read);
  const norm = (x: Tensor, name: string): Tensor => rmsNorm(x, weight(name), config.rms_norm_eps);
  let hidden = gatherRows(weight('model.embed_tokens.weight'), tokens);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const part = (name: string): string => `model.layers.${layer}.${name}.weight`;
    const x = norm(hidden, part('input_layernorm'));
    const project = (name: string): Tensor => {
      const prefix = `model.layers.${layer}.self_attn.${name}`;
      return linear(x, weight(`${prefix}.weight`), attentionBias ? weight(`${prefix}.bias`) : undefined);
    };
    const attended = attend(project('q_proj'), project('k_proj'), project('v_proj'), layer);
    hidden = add(rows(hidden, layer), linear(rows(attended, layer), weight(part('self_attn.o_proj'))));

    const y = norm(hidden, part('post_attention_layernorm'));
    const gate = linear(y, weight(part('mlp.gate_proj')));
    const activated = swiglu(gate, linear(y, weight(part('mlp.up_proj'))));
    hidden = add(hidden, linear(activated, weight(part('mlp.down_proj'))));
  }
  return norm(hidden, 'model.norm.weight');
}
