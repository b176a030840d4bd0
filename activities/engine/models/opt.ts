/** OPT and Galactica: learned positions, LayerNorm before each part, biases, ReLU or GELU. */

import { z } from 'zod';
import type { Tensor } from '../graph/graph.js';
import { add, gatherRows, maximum } from '../graph/operators.js';
import { startLayer } from '../graph/recomputeLayers.js';
import { defineArchitecture } from './architecture.js';
import { gelu, layerNorm, linear, rowsAfterAttention } from './blocks.js';
import { checkHeads, layerCount, only, publishedConfig, size } from './configFields.js';
import { withHead } from './head.js';
import {
  alikeLayers,
  type LanguageModel,
  type ParameterShapes,
  type Sequences,
  type Weights,
} from './languageModel.js';

const positionTable = 'model.decoder.embed_positions.weight';
/** The position embedding has two more rows than there are positions, at its start. */
const positionOffset = 2;
/** PyTorch's default: the config has no field for it. */
const normEpsilon = 1e-5;

export interface OptConfig {
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

export const opt = defineArchitecture({
  className: 'OPTForCausalLM',
  published: publishedConfig({
    vocab_size: size,
    hidden_size: size,
    word_embed_proj_dim: size.optional(),
    ffn_dim: size,
    num_hidden_layers: layerCount,
    num_attention_heads: size,
    max_position_embeddings: size,
    activation_function: z.enum(['relu', 'gelu']).default('relu'),
    do_layer_norm_before: only(true),
    _remove_final_layer_norm: only(false),
    enable_bias: z.boolean().default(true),
    layer_norm_elementwise_affine: z.boolean().default(true),
    learned_embeddings: only(true),
    scale_embeddings: only(false),
    tie_word_embeddings: z.boolean().default(true),
  }),
  read: (published, refusal): OptConfig => {
    const { hidden_size: hidden, num_attention_heads: heads, word_embed_proj_dim: embedding = hidden } = published;
    if (embedding !== hidden) throw refusal(`word_embed_proj_dim is ${embedding}, supported: hidden_size, ${hidden}`);
    checkHeads(hidden, heads, refusal);
    return {
      vocab_size: published.vocab_size,
      hidden_size: hidden,
      ffn_dim: published.ffn_dim,
      num_hidden_layers: published.num_hidden_layers,
      num_attention_heads: heads,
      max_position_embeddings: published.max_position_embeddings,
      activation_function: published.activation_function,
      enable_bias: published.enable_bias,
      layer_norm_elementwise_affine: published.layer_norm_elementwise_affine,
      tie_word_embeddings: published.tie_word_embeddings,
    };
  },
  fixedFields: ({ hidden_size: hidden }) => ({ do_layer_norm_before: true, word_embed_proj_dim: hidden }),
  model: createModel,
});

function createModel(config: OptConfig): LanguageModel {
  const { hidden_size: hidden, vocab_size: vocabulary, num_attention_heads: heads } = config;
  return {
    vocabularySize: vocabulary,
    hiddenSize: hidden,
    positions: config.max_position_embeddings,
    attention: {
      layers: alikeLayers(config.num_hidden_layers, { rotary: null, window: null }),
      heads,
      keyValueHeads: heads,
      size: hidden / heads,
    },
    fullName: (name) => (name.startsWith('decoder.') ? `model.${name}` : name),
    ...withHead(shapesOf(config), config.tie_word_embeddings, { positions: positionTable }),
    trunk: (weight, tokens, sequences, read) => trunk(config, weight, tokens, sequences, read),
  };
}

function shapesOf({ hidden_size: hidden, ffn_dim: inner, ...config }: OptConfig): ParameterShapes {
  const norm = (name: string): ParameterShapes =>
    config.layer_norm_elementwise_affine
      ? [
          [`${name}.weight`, [hidden]],
          [`${name}.bias`, [hidden]],
        ]
      : [];
  const dense = (name: string, from: number, to: number): ParameterShapes => [
    [`${name}.weight`, [to, from]],
    ...(config.enable_bias ? [[`${name}.bias`, [to]] as const] : []),
  ];
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer): ParameterShapes => {
    const prefix = `model.decoder.layers.${layer}`;
    return [
      ...norm(`${prefix}.self_attn_layer_norm`),
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((name) =>
        dense(`${prefix}.self_attn.${name}`, hidden, hidden),
      ),
      ...norm(`${prefix}.final_layer_norm`),
      ...dense(`${prefix}.fc1`, hidden, inner),
      ...dense(`${prefix}.fc2`, inner, hidden),
    ];
  }).flat();
  return [
    ['model.decoder.embed_tokens.weight', [config.vocab_size, hidden]],
    [positionTable, [config.max_position_embeddings + positionOffset, hidden]],
    ...layers,
    ...norm('model.decoder.final_layer_norm'),
  ];
}

function trunk(
  config: OptConfig,
  weight: Weights,
  tokens: Tensor,
  { attend, positions }: Sequences,
  read?: Tensor,
): Tensor {
  const rows = rowsAfterAttention(config.num_hidden_layers, read);
  const affine = (name: string) => ({ gain: weight(`${name}.weight`), bias: weight(`${name}.bias`) });
  const norm = (x: Tensor, name: string): Tensor =>
    layerNorm(x, normEpsilon, config.layer_norm_elementwise_affine ? affine(name) : undefined);
  const dense = (x: Tensor, name: string): Tensor =>
    linear(x, weight(`${name}.weight`), config.enable_bias ? weight(`${name}.bias`) : undefined);
  // At 0 the gradient goes to the first operand, the constant, so x gets none, as with PyTorch's ReLU.
  const activate = config.activation_function === 'gelu' ? gelu : (x: Tensor): Tensor => maximum(0, x);

  const embedded = gatherRows(weight('model.decoder.embed_tokens.weight'), tokens);
  const places = add(positions(), positionOffset);
  let hidden = add(embedded, gatherRows(weight(positionTable), places));
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.decoder.layers.${layer}`;
    const x = norm(startLayer(hidden), `${prefix}.self_attn_layer_norm`);
    const project = (name: string): Tensor => dense(x, `${prefix}.self_attn.${name}`);
    const attended = attend(project('q_proj'), project('k_proj'), project('v_proj'), layer);
    hidden = add(rows(hidden, layer), dense(rows(attended, layer), `${prefix}.self_attn.out_proj`));

    const inner = activate(dense(norm(hidden, `${prefix}.final_layer_norm`), `${prefix}.fc1`));
    hidden = add(hidden, dense(inner, `${prefix}.fc2`));
  }
  return norm(hidden, 'model.decoder.final_layer_norm');
}
