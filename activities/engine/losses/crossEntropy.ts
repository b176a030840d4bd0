/** Cross-entropy on answer tokens: the loss of warm-up, SFT and the reward model. */
import type { Tensor } from '../graph/graph.js';
import { multiply, negate, sum } from '../graph/operators.js';

/** −Σ weight · log π(label); `weights [n]` say how tokens share the mean (1/n each for a mean over all answer tokens). */
export function crossEntropy(chosen: Tensor, weights: Tensor): Tensor {
  return negate(sum(multiply(chosen, weights)));
}
