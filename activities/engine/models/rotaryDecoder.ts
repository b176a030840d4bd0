/**
 * The decoder that Llama and its relatives are: RMSNorm, rotary embedding, grouped-query attention, a gated MLP, tied or untied head.
 * A relative says in its own module what it reads of its config, and as a `Design` how it is built.
 */

import { z } from 'zod';
import { geglu, rmsNorm, swiglu } from '../graph/customGradients.js';
import { dimensionAt, type Tensor } from '../graph/graph.js';
import { add, gatherRows, multiply, reshape } from '../graph/operators.js';
import { startLayer } from '../graph/recomputeLayers.js';
import { product } from '../graph/shape.js';
import { type Linear, linear, projections, rowsAfterAttention } from './blocks.js';
import { checkHeads, layerCount, positive, type Refusal, size } from './configFields.js';
import { withHead } from './head.js';
import type { LanguageModel, LayerAttention, ParameterShapes, Sequences, Weights } from './languageModel.js';
import { type RopeConfig, readRope, ropeFields } from './ropeConfig.js';

/** The fields that all of them keep. */
export interface DecoderConfig extends RopeConfig {
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
  /** Whether all projections of the attention have biases. Absent: no. */
  readonly attention_bias?: boolean;
  /** Whether the MLP's layers have biases. Absent: no. */
  readonly mlp_bias?: boolean;
  readonly tie_word_embeddings: boolean;
}

/** What transformers takes for fields that a config lacks. */
interface Defaults {
  /** Null: as many as there are heads. */
  readonly keyValueHeads: number | null;
  /** Null: `hidden_size / num_attention_heads`. */
  readonly headSize: number | null;
  readonly ropeBase?: number;
  readonly isTied: boolean;
}

/** The published fields of all of them. */
export const decoderFields = ({ isTied, ropeBase }: Defaults) => ({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size,
  rms_norm_eps: positive.default(1e-6),
  ...ropeFields(ropeBase),
  tie_word_embeddings: z.boolean().default(isTied),
});

/** Those of the relatives that may have biases. */
export const biasFields = {
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
};

type PublishedDecoder = z.output<z.ZodObject<ReturnType<typeof decoderFields>>> & {
  readonly [Name in keyof typeof biasFields]?: boolean | undefined;
};

/** @throws InvalidModel when heads do not fit the hidden size or each other. */
export function readDecoder(published: PublishedDecoder, defaults: Defaults, refusal: Refusal): DecoderConfig {
  const { hidden_size: hidden, num_attention_heads: heads, head_dim: headSize = defaults.headSize } = published;
  const { num_key_value_heads: named = defaults.keyValueHeads } = published;
  const keyValueHeads = named ?? heads;
  if (headSize === null) checkHeads(hidden, heads, refusal);
  const elements = headSize ?? hidden / heads;
  if (elements % 2 !== 0)
    throw refusal(
      `${headSize === null ? 'hidden_size / num_attention_heads' : 'head_dim'} is ${elements}, an even size is needed`,
    );
  if (heads % keyValueHeads !== 0)
    throw refusal(`num_key_value_heads is ${keyValueHeads}, a divisor of num_attention_heads ${heads} is needed`);
  return {
    vocab_size: published.vocab_size,
    hidden_size: hidden,
    intermediate_size: published.intermediate_size,
    num_hidden_layers: published.num_hidden_layers,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    ...(headSize === null ? {} : { head_dim: headSize }),
    max_position_embeddings: published.max_position_embeddings,
    rms_norm_eps: published.rms_norm_eps,
    ...readRope(published),
    ...(published.attention_bias ? { attention_bias: true } : {}),
    ...(published.mlp_bias ? { mlp_bias: true } : {}),
    tie_word_embeddings: published.tie_word_embeddings,
  };
}

/** What a written config.json says besides. */
export function decoderFixed({ attention_bias = false, mlp_bias = false }: DecoderConfig) {
  return { hidden_act: 'silu', attention_bias, mlp_bias };
}

/** Elements of a head. */
export function headSizeOf({ head_dim: named, ...config }: DecoderConfig): number {
  return named ?? config.hidden_size / config.num_attention_heads;
}

/** How a relative differs. What is absent, it does not do. */
export interface Design {
  readonly attention: (layer: number) => LayerAttention;
  /** What scores are multiplied by. Absent: 1/√(head size). */
  readonly scoreScale?: number;
  /** Whether projections to queries, keys and values have biases, and only they. */
  readonly queryKeyValueBiases?: boolean;
  /** RMSNorm of each head's queries and keys, before they are rotated. */
  readonly headNorms?: boolean;
  /** What embeddings are multiplied by. */
  readonly embeddingScale?: number;
  /** Gemma's layers: norms behind attention and MLP too, gains that are stored less 1, and GELU in the MLP instead of SiLU. */
  readonly gemma?: boolean;
}

export function createDecoder(config: DecoderConfig, design: Design): LanguageModel {
  const { scoreScale: scale } = design;
  const shapes = shapesOf(config, design);
  return {
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    positions: config.max_position_embeddings,
    attention: {
      layers: Array.from({ length: config.num_hidden_layers }, (_, layer) => design.attention(layer)),
      heads: config.num_attention_heads,
      keyValueHeads: config.num_key_value_heads,
      size: headSizeOf(config),
      ...(scale === undefined ? {} : { scale }),
    },
    fullName: (name) => name,
    ...withHead(shapes, config.tie_word_embeddings),
    trunk: (weight, tokens, sequences, read) => trunk(config, design, weight, tokens, sequences, read),
  };
}

function shapesOf(config: DecoderConfig, design: Design): ParameterShapes {
  const { hidden_size: hidden, intermediate_size: intermediate } = config;
  const { headNorms, gemma } = design;
  const has = biasesOf(config, design);
  const elements = headSizeOf(config);
  const queries = config.num_attention_heads * elements;
  const keys = config.num_key_value_heads * elements;
  const dense = (name: string, inputs: number, outputs: number, hasBias: boolean): ParameterShapes => [
    [`${name}.weight`, [outputs, inputs]],
    ...(hasBias ? [[`${name}.bias`, [outputs]] as const] : []),
  ];
  const norm = (name: string, width: number): ParameterShapes => [[`${name}.weight`, [width]]];
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer): ParameterShapes => {
    const prefix = `model.layers.${layer}`;
    const attention = `${prefix}.self_attn`;
    const mlp = `${prefix}.mlp`;
    return [
      ...norm(`${prefix}.input_layernorm`, hidden),
      ...dense(`${attention}.q_proj`, hidden, queries, has.queries),
      ...dense(`${attention}.k_proj`, hidden, keys, has.queries),
      ...dense(`${attention}.v_proj`, hidden, keys, has.queries),
      ...(headNorms ? ['q_norm', 'k_norm'].flatMap((name) => norm(`${attention}.${name}`, elements)) : []),
      ...dense(`${attention}.o_proj`, queries, hidden, has.output),
      ...norm(`${prefix}.post_attention_layernorm`, hidden),
      ...(gemma ? norm(`${prefix}.pre_feedforward_layernorm`, hidden) : []),
      ...dense(`${mlp}.gate_proj`, hidden, intermediate, has.mlp),
      ...dense(`${mlp}.up_proj`, hidden, intermediate, has.mlp),
      ...dense(`${mlp}.down_proj`, intermediate, hidden, has.mlp),
      ...(gemma ? norm(`${prefix}.post_feedforward_layernorm`, hidden) : []),
    ];
  }).flat();
  return [['model.embed_tokens.weight', [config.vocab_size, hidden]], ...layers, ['model.norm.weight', [hidden]]];
}

/** Which linear layers have biases. */
function biasesOf({ attention_bias: output = false, mlp_bias: mlp = false }: DecoderConfig, design: Design) {
  return { queries: output || design.queryKeyValueBiases === true, output, mlp };
}

function trunk(
  config: DecoderConfig,
  design: Design,
  weight: Weights,
  tokens: Tensor,
  { attend }: Sequences,
  read?: Tensor,
): Tensor {
  const { headNorms, embeddingScale, gemma } = design;
  const has = biasesOf(config, design);
  const rows = rowsAfterAttention(config.num_hidden_layers, read);
  const norm = (x: Tensor, name: string): Tensor => {
    const gain = weight(`${name}.weight`);
    return rmsNorm(x, gemma ? add(gain, 1) : gain, config.rms_norm_eps);
  };
  /** Gemma's norm behind a part of a layer. */
  const behind = (x: Tensor, name: string): Tensor => (gemma ? norm(x, name) : x);
  const activate = gemma ? geglu : swiglu;
  const beforeMlp = gemma ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';

  const embedded = gatherRows(weight('model.embed_tokens.weight'), tokens);
  let hidden = embeddingScale === undefined ? embedded : multiply(embedded, embeddingScale);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const layerOf = (name: string, hasBias: boolean): Linear => ({
      weight: weight(`${prefix}.${name}.weight`),
      ...(hasBias ? { bias: weight(`${prefix}.${name}.bias`) } : {}),
    });
    const dense = (x: Tensor, name: string, hasBias: boolean): Tensor => {
      const { weight: matrix, bias } = layerOf(name, hasBias);
      return linear(x, matrix, bias);
    };
    const x = norm(startLayer(hidden), `${prefix}.input_layernorm`);
    const projection = (name: string): Linear => layerOf(`self_attn.${name}`, has.queries);
    const [q, k, v] = projections(x, [projection('q_proj'), projection('k_proj'), projection('v_proj')]);
    const normed = (heads: Tensor, name: string): Tensor =>
      headNorms ? eachHead(heads, headSizeOf(config), (head) => norm(head, `${prefix}.self_attn.${name}`)) : heads;
    const attended = attend(normed(q, 'q_norm'), normed(k, 'k_norm'), v, layer);
    const kept = rows(hidden, layer);
    const mixed = dense(rows(attended, layer), 'self_attn.o_proj', has.output);
    hidden = add(kept, behind(mixed, `${prefix}.post_attention_layernorm`));

    const y = norm(hidden, `${prefix}.${beforeMlp}`);
    const [gate, up] = projections(y, [layerOf('mlp.gate_proj', has.mlp), layerOf('mlp.up_proj', has.mlp)]);
    const activated = activate(gate, up);
    hidden = add(hidden, behind(dense(activated, 'mlp.down_proj', has.mlp), `${prefix}.post_feedforward_layernorm`));
  }
  return norm(hidden, 'model.norm');
}

/** `change` on heads `[tokens × heads, size]` of `x [tokens, heads × size]`. */
function eachHead(x: Tensor, elements: number, change: (heads: Tensor) => Tensor): Tensor {
  const count = product([dimensionAt(x, 0), Number(dimensionAt(x, 1)) / elements]);
  return reshape(change(reshape(x, [count, elements])), x.shape);
}
