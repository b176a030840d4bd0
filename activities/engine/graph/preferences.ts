/**
 * How a device likes formulas written that can be written in several ways. The numbers are the same but for rounding. A graph is given
 * its device's preferences when it is created (`createGraph`); nothing else in a model, a loss or an optimiser knows of devices.
 */
export interface Preferences {
  /** Products of Aᵀ transpose a plain matrix first (`rules.ts`). */
  readonly transposesFirst: boolean;
  /** Log-probabilities over a large vocabulary come in slices of it (`../losses/slicedVocabulary.ts`). */
  readonly slicesVocabulary: boolean;
  /** Decoding of large models has weights on the left of their products (`../sampling/weightsOnTheLeft.ts`). */
  readonly weightsOnTheLeft: boolean;
  /** All tensors of an elementwise update are one tensor (`../training/flatTensors.ts`), even where one thread trains. */
  readonly flatUpdates: boolean;
  /** Projections of the same states are one product: queries, keys and values; gate and up (`../models/projections.ts`). */
  readonly joinsProjections: boolean;
  /** Norms, SwiGLU, causal softmax and cross-entropy in half precision are operators of our own (`fusedOperators.ts`). */
  readonly fusedOperators: boolean;
  /** Attention over a cache in float32 is put together from products and a softmax (`../sampling/plainCachedAttention.ts`). */
  readonly plainCacheInFloat32: boolean;
  /** Decoding steps come in few sizes, each at fixed places, so that they can be recorded (`../sampling/continuousBatch.ts`). */
  readonly fixedSteps: boolean;
}

/** Of a processor, whose time goes into reaching memory: operands are laid out for its caches. */
export const cachePreferences: Preferences = {
  transposesFirst: true,
  slicesVocabulary: true,
  weightsOnTheLeft: true,
  flatUpdates: false,
  joinsProjections: false,
  fusedOperators: false,
  plainCacheInFloat32: false,
  fixedSteps: false,
};

/** Of a GPU, whose libraries lay out operands themselves, and to which each further operator is a further kernel to start. */
export const kernelPreferences: Preferences = {
  transposesFirst: false,
  slicesVocabulary: false,
  weightsOnTheLeft: false,
  flatUpdates: true,
  joinsProjections: true,
  fusedOperators: true,
  plainCacheInFloat32: true,
  fixedSteps: true,
};
