/**
 * What every architecture is to the rest of the engine: names and shapes of its weights, and its decoder in graph operators.
 *
 * Each is written once, in a file of this folder. Training and decoding differ in where the tokens of a sequence lie, so the
 * caller brings `Sequences`, and in where weights come from, so it brings a `ParameterSource`. Names and shapes are Hugging
 * Face's.
 */
import type { Tensor } from '../graph/graph.js';

/** Gives the tensor of a weight: a graph input, or one made from it where adapters are trained. */
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

/** Rotary embedding: token at position p is turned by the angles p · frequencies. */
export interface Rotary {
  /** Positions there are tables for. */
  readonly positions: number;
  /** `[size / 2]`. */
  readonly frequencies: readonly number[];
}

/** What attention has to know of a model, and the cache of its keys and values. */
export interface AttentionSizes {
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Of a head. */
  readonly size: number;
  /** Null where positions enter as an embedding. */
  readonly rotary: Rotary | null;
}

export interface LanguageModel {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Longest sequence. */
  readonly positions: number;
  readonly attention: AttentionSizes;
  /** Name of the embedding of tokens: the head's matrix too where it is tied. */
  readonly embedding: string;
  /** Every weight behind the hidden states: all but an untied head. */
  readonly trunkShapes: ParameterShapes;
  /** Every weight of the language model. */
  readonly shapes: ParameterShapes;
  /**
   * From flat int64 `tokens [n]` to the hidden states after the final norm: `[n, hidden]`, or `[read, hidden]` of those tokens alone
   * that `read` names, int64 `[read]`, none twice.
   */
  readonly trunk: (weight: Weights, tokens: Tensor, sequences: Sequences, read?: Tensor) => Tensor;
  /** What hidden states are multiplied by to give logits: `[vocabulary, hidden]`. */
  readonly headMatrix: (weight: Weights) => Tensor;
  /** Logits `[n, vocabulary]` of hidden states `[n, hidden]`. */
  readonly head: (weight: Weights, hidden: Tensor) => Tensor;
}

/** Weights by name, each asked of the source once, however often it is used. */
export function weightsFrom(shapes: ParameterShapes, source: ParameterSource): Weights {
  const tensors = new Map(shapes.map(([name, shape]) => [name, source(name, shape)]));
  return (name) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`model has no weight ${name}`);
    return tensor;
  };
}
