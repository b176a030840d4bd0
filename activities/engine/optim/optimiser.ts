/** The optimiser settings of a training task. */

export interface Optimiser {
  readonly learningRates: readonly number[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
}
