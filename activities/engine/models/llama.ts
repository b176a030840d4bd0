/**
 * The Llama family: RMSNorm, rotary embedding, grouped-query attention, SwiGLU, tied or untied head. Llama itself and models built
 * like it (CodeLLAMA, SmolLM2) have no biases; Qwen2 and Qwen2.5 have biases on queries, keys and values.
 */

import { rmsNorm, swiglu } from '../graph/customGradients.js';
import type { Tensor } from '../graph/graph.js';
import { add, gatherRows } from '../graph/operators.js';
import { linear, rowsAfterAttention } from './blocks.js';
import type { LlamaConfig, Qwen2Config, RotaryDecoderConfig } from './configs/types.js';
import { withHead } from './head.js';
import type { LanguageModel, ParameterShapes, Sequences, Weights } from './languageModel.js';
import { rotaryFrequencies } from './rotary.js';

export function llama(config: LlamaConfig): LanguageModel {
  return rotaryDecoder(config, { attentionBias: false });
}

export function qwen2(config: Qwen2Config): LanguageModel {
  return rotaryDecoder(config, { attentionBias: true });
}

/** How the members of the family differ. */
interface Variant {
  /** Whether the projections to queries, keys and values have biases. */
  readonly attentionBias: boolean;
}

function rotaryDecoder(config: RotaryDecoderConfig, variant: Variant): LanguageModel {
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
