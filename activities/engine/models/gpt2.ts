/**
 * GPT-2: learned positions, LayerNorm before each part, one fused projection to queries, keys and values, tanh-GELU.
 *
 * Its linear layers are Hugging Face's `Conv1D`, whose weights are `[in, out]`.
 */

import { z } from 'zod';
import type { Tensor } from '../graph/graph.js';
import { add, gatherRows, matmul, slice } from '../graph/operators.js';
import { startLayer } from '../graph/recomputeLayers.js';
import { defineArchitecture } from './architecture.js';
import { gelu, geluTanh, layerNorm, rowsAfterAttention } from './blocks.js';
import { checkHeads, layerCount, only, positive, publishedConfig, size } from './configFields.js';
import { headName, withHead } from './head.js';
import {
  alikeLayers,
  type LanguageModel,
  type ParameterShapes,
  type Sequences,
  type Weights,
} from './languageModel.js';

const positionTable = 'transformer.wpe.weight';

export interface Gpt2Config {
  readonly vocab_size: number;
  readonly n_embd: number;
  readonly n_inner: number;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_positions: number;
  readonly layer_norm_epsilon: number;
  /** Absent: GPT-2's own, `gelu_new`. */
  readonly activation_function?: 'gelu';
  readonly tie_word_embeddings: boolean;
}

export const gpt2 = defineArchitecture({
  className: 'GPT2LMHeadModel',
  published: publishedConfig({
    vocab_size: size,
    n_embd: size,
    n_inner: size.nullish(),
    n_layer: layerCount,
    n_head: size,
    n_positions: size,
    activation_function: z.enum(['gelu_new', 'gelu']).default('gelu_new'),
    layer_norm_epsilon: positive.default(1e-5),
    scale_attn_weights: only(true),
    scale_attn_by_inverse_layer_idx: only(false),
    tie_word_embeddings: z.boolean().default(true),
  }),
  read: (published, refusal): Gpt2Config => {
    const { n_embd: hidden, n_head: heads } = published;
    checkHeads(hidden, heads, refusal);
    return {
      vocab_size: published.vocab_size,
      n_embd: hidden,
      n_inner: published.n_inner ?? 4 * hidden,
      n_layer: published.n_layer,
      n_head: heads,
      n_positions: published.n_positions,
      layer_norm_epsilon: published.layer_norm_epsilon,
      ...(published.activation_function === 'gelu' ? { activation_function: 'gelu' } : {}),
      tie_word_embeddings: published.tie_word_embeddings,
    };
  },
  fixedFields: ({ activation_function = 'gelu_new' }) => ({ activation_function }),
  model: createModel,
});

function createModel(config: Gpt2Config): LanguageModel {
  const { n_embd: hidden, vocab_size: vocabulary } = config;
  return {
    vocabularySize: vocabulary,
    hiddenSize: hidden,
    positions: config.n_positions,
    attention: {
      layers: alikeLayers(config.n_layer, { rotary: null, window: null }),
      heads: config.n_head,
      keyValueHeads: config.n_head,
      size: hidden / config.n_head,
    },
    fullName: (name) => (name === headName || name.startsWith('transformer.') ? name : `transformer.${name}`),
    ...withHead(shapesOf(config), config.tie_word_embeddings, { positions: positionTable, transposed: true }),
    trunk: (weight, tokens, sequences, read) => trunk(config, weight, tokens, sequences, read),
  };
}

function shapesOf({ n_embd: hidden, n_inner: inner, ...config }: Gpt2Config): ParameterShapes {
  const norm = (name: string): ParameterShapes => [
    [`${name}.weight`, [hidden]],
    [`${name}.bias`, [hidden]],
  ];
  const conv = (name: string, from: number, to: number): ParameterShapes => [
    [`${name}.weight`, [from, to]],
    [`${name}.bias`, [to]],
  ];
  const layers = Array.from({ length: config.n_layer }, (_, layer): ParameterShapes => {
    const prefix = `transformer.h.${layer}`;
    return [
      ...norm(`${prefix}.ln_1`),
      ...conv(`${prefix}.attn.c_attn`, hidden, 3 * hidden),
      ...conv(`${prefix}.attn.c_proj`, hidden, hidden),
      ...norm(`${prefix}.ln_2`),
      ...conv(`${prefix}.mlp.c_fc`, hidden, inner),
      ...conv(`${prefix}.mlp.c_proj`, inner, hidden),
    ];
  }).flat();
  return [
    ['transformer.wte.weight', [config.vocab_size, hidden]],
    [positionTable, [config.n_positions, hidden]],
    ...layers,
    ...norm('transformer.ln_f'),
  ];
}

function trunk(
  config: Gpt2Config,
  weight: Weights,
  tokens: Tensor,
  { attend, positions }: Sequences,
  read?: Tensor,
): Tensor {
  const { n_embd: size } = config;
  const rows = rowsAfterAttention(config.n_layer, read);
  const norm = (x: Tensor, name: string): Tensor =>
    layerNorm(x, config.layer_norm_epsilon, { gain: weight(`${name}.weight`), bias: weight(`${name}.bias`) });
  const conv = (x: Tensor, name: string): Tensor => add(matmul(x, weight(`${name}.weight`)), weight(`${name}.bias`));

  const activate = config.activation_function === 'gelu' ? gelu : geluTanh;

  const embedded = gatherRows(weight('transformer.wte.weight'), tokens);
  let hidden = add(embedded, gatherRows(weight(positionTable), positions()));
  for (let layer = 0; layer < config.n_layer; layer++) {
    const prefix = `transformer.h.${layer}`;
    const fused = conv(norm(startLayer(hidden), `${prefix}.ln_1`), `${prefix}.attn.c_attn`);
    const part = (index: number): Tensor => slice(fused, index * size, (index + 1) * size);
    const attended = attend(part(0), part(1), part(2), layer);
    hidden = add(rows(hidden, layer), conv(rows(attended, layer), `${prefix}.attn.c_proj`));

    const inner = activate(conv(norm(hidden, `${prefix}.ln_2`), `${prefix}.mlp.c_fc`));
    hidden = add(hidden, conv(inner, `${prefix}.mlp.c_proj`));
  }
  return norm(hidden, 'transformer.ln_f');
}
