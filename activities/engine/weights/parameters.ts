/** Named float32 tensors: a model's parameters or an optimiser's state, as the engine holds them in memory. */
export interface NamedTensor {
  readonly shape: readonly number[];
  /** Row-major values; its length is the product of `shape`. */
  readonly data: Float32Array;
}

/** Insertion order carries no meaning; files are written with names sorted. */
export type Parameters = ReadonlyMap<string, NamedTensor>;
