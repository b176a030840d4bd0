/** The models that are measured: shapes of published ones with random weights, and what is asked of them. */

import type { Precision } from '../../../activities/engine/graph/precision.js';
import { type LlamaConfig, readConfig } from '../../../activities/engine/models/index.js';
import type { OptimiserSettings } from '../../../activities/engine/optim/index.js';
import type { TokenSequence } from '../../../activities/engine/training/layout.js';
import type { ComputeSettings, ModelFiles } from '../../../activities/engine/weights/modelFiles.js';

export const adamW: OptimiserSettings = {
  name: 'adamw',
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradNorm: 1,
};

interface Shape {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
}

const configOf = ({ vocabulary, hidden, intermediate, layers, heads, keyValueHeads }: Shape): LlamaConfig =>
  readConfig(
    {
      model_type: 'llama',
      vocab_size: vocabulary,
      hidden_size: hidden,
      intermediate_size: intermediate,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: keyValueHeads,
      max_position_embeddings: 1_024,
      rms_norm_eps: 1e-5,
      rope_theta: 100_000,
      tie_word_embeddings: true,
      bos_token_id: 0,
      eos_token_id: 0,
    },
    'shape',
  ) as LlamaConfig;

export type ModelName = 'smollm2' | 'qwen';

const shapes: Readonly<Record<ModelName, Shape>> = {
  // SmolLM2-135M.
  smollm2: { vocabulary: 49_152, hidden: 576, intermediate: 1_536, layers: 30, heads: 9, keyValueHeads: 3 },
  // Qwen2.5-0.5B without its biases, which take no time.
  qwen: { vocabulary: 151_936, hidden: 896, intermediate: 4_864, layers: 24, heads: 14, keyValueHeads: 2 },
};

/** @param isSmall two layers of the model, narrow ones: for a machine without a GPU. */
export function configFor(name: ModelName, isSmall: boolean): LlamaConfig {
  const narrow = { vocabulary: 1_536, hidden: 96, intermediate: 192, layers: 2, heads: 6, keyValueHeads: 2 };
  return configOf(isSmall ? narrow : shapes[name]);
}

/** Two layers of SmolLM2, to compare numbers on. */
export function twoLayers(isSmall: boolean): LlamaConfig {
  return isSmall ? configFor('smollm2', true) : configOf({ ...shapes.smollm2, layers: 2 });
}

/** A model that computes in a precision; nothing computed again, attention as a whole. */
export function inPrecision(
  model: ModelFiles,
  precision: Precision,
): ModelFiles & { readonly compute: ComputeSettings } {
  return { ...model, compute: { precision, recompute: false, attentionInBlocks: false } };
}

/** A sequence of numbers in [0, 1), the same each time. */
export function numbersFrom(seed: number): () => number {
  let state = (seed * 7_919 + 17) & 0x7fffffff;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

/** Tokens of prompts and answers as word problems have them: 30 to 120, and 40 to 300 with few long ones. */
export function lengths(count: number, seed = 1): readonly (readonly [prompt: number, answer: number])[] {
  const next = numbersFrom(seed);
  return Array.from({ length: count }, () => [30 + Math.floor(90 * next()), 40 + Math.floor(260 * next() ** 2)]);
}

/** Sequences of these lengths in which nine of ten tokens follow from the one before. */
export function sequences(sizes: ReturnType<typeof lengths>, seed = 1): TokenSequence[] {
  const next = numbersFrom(seed);
  const kinds = 1_009;
  return sizes.map(([prompt, answer]) => {
    let token = Math.floor(kinds * next());
    const tokens = Array.from({ length: prompt + answer }, () => {
      token = next() < 0.9 ? (token * 5 + 3) % kinds : Math.floor(kinds * next());
      return 2 + token;
    });
    return { prompt: tokens.slice(0, prompt), answer: tokens.slice(prompt) };
  });
}
