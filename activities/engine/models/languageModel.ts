/**
 * What the rest of the engine knows of an architecture: names and shapes of its weights, and its decoder in graph operators.
 *
 * Each architecture is written once, in a file of this folder. Training and decoding differ in how tokens lie in sequences, so the
 * caller passes `Sequences`, and in where weights come from, so it passes a `ParameterSource`. Names and shapes of weights are
 * those of Hugging Face.
 */
import { required } from '../../invariant.js';
import type { Tensor } from '../graph/graph.js';

/** Gives the graph's tensor of a weight, for example a new graph input. */
export type ParameterSource = (name: string, shape: readonly number[]) => Tensor;

/** Names and shapes of weights, in the order in which they are used. */
export type ParameterShapes = readonly (readonly [name: string, shape: readonly number[]])[];

/** A weight's tensor by its name. */
export type Weights = (name: string) => Tensor;

/**
 * Attends within each sequence, rotary embedding included: `queries [tokens, heads × size]`,
 * `keys` and `values [tokens, keyValueHeads × size]` → `[tokens, heads × size]`.
 */
export type Attention = (queries: Tensor, keys: Tensor, values: Tensor, layer: number) => Tensor;

/** How the flat tokens of a graph lie in sequences. */
export interface Sequences {
  readonly attend: Attention;
  /** Each token's position in its sequence, int64 `[tokens]`: for models that learn an embedding of positions. */
  readonly positions: () => Tensor;
}

/** Rotary embedding: a token at position p is rotated by the angles p · frequencies. */
export interface Rotary {
  /** Most positions of a sequence. */
  readonly positions: number;
  /** `[size / 2]`. */
  readonly frequencies: readonly number[];
  /** What rotated values are multiplied by. Absent: nothing. */
  readonly magnitude?: number;
}

/** What the attention of one layer sees. Layers of a kind share one object. */
export interface LayerAttention {
  /** Null where positions are learned embeddings, or the layer knows none. */
  readonly rotary: Rotary | null;
  /** How many positions a token sees, its own among them. Null: all before it. */
  readonly window: number | null;
}

/** Sizes of a model's attention, and so of its key-value cache. */
export interface AttentionSizes {
  readonly layers: readonly LayerAttention[];
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Elements of a head. */
  readonly size: number;
  /** What scores are multiplied by. Absent: 1/√size. */
  readonly scale?: number;
}

/** What scores are multiplied by before the softmax. */
export function scoreScale({ scale, size }: AttentionSizes): number {
  return scale ?? 1 / Math.sqrt(size);
}

/** Layers that all attend alike. */
export function alikeLayers(count: number, layer: LayerAttention): readonly LayerAttention[] {
  return new Array<LayerAttention>(count).fill(layer);
}

/** What `make` makes of each key, made once for equal ones. */
export function onceEach<Key, Made>(keys: readonly Key[], make: (key: Key) => Made): readonly Made[] {
  const made = new Map<Key, { readonly value: Made }>();
  return keys.map((key) => {
    const known = made.get(key) ?? { value: make(key) };
    made.set(key, known);
    return known.value;
  });
}

/** A linear layer that low-rank adapters can be put on. */
export interface LinearLayer {
  /** The module's path. */
  readonly module: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Whether its weight `<module>.weight` is `[inputs, outputs]` instead of `[outputs, inputs]`. */
  readonly transposed: boolean;
}

export interface LanguageModel {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Longest sequence. */
  readonly positions: number;
  readonly attention: AttentionSizes;
  /** The full name of a weight. Files of a model saved without its head lack the first part of it. */
  readonly fullName: (stored: string) => string;
  /** Name of the embedding of tokens. It is also a tied head's matrix. */
  readonly embedding: string;
  /** Every weight that hidden states depend on: all but an untied head. */
  readonly trunkShapes: ParameterShapes;
  /** The trunk's linear layers, in the order of their weights. */
  readonly linear: readonly LinearLayer[];
  /** Every weight of the language model. */
  readonly shapes: ParameterShapes;
  /**
   * From int64 `tokens [n]` to the hidden states after the final norm: `[n, hidden]`, or `[read, hidden]` of the tokens at the
   * distinct indices `read`, int64 `[read]`.
   */
  readonly trunk: (weight: Weights, tokens: Tensor, sequences: Sequences, read?: Tensor) => Tensor;
  /** The head's matrix, `[vocabulary, hidden]`: logits are hidden · matrixᵀ. */
  readonly headMatrix: (weight: Weights) => Tensor;
  /** Logits `[n, vocabulary]` of hidden states `[n, hidden]`. */
  readonly head: (weight: Weights, hidden: Tensor) => Tensor;
}

/** Weights by name. The source is asked once for each. */
export function weightsFrom(shapes: ParameterShapes, source: ParameterSource): Weights {
  const tensors = new Map(shapes.map(([name, shape]) => [name, source(name, shape)]));
  return (name) => {
    return required(tensors.get(name), `weight ${name} of the model`);
  };
}
