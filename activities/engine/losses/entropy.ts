/** Entropy of distributions over tokens, in nats: a diagnostic of policy training. */
import type { Tensor } from '../graph/graph.js';
import { exp, negate, rowProducts } from '../graph/operators.js';

/**
 * Entropies of distributions given by their log-probabilities `all [n, width]`: `[n]`. Beside `all` it holds one matrix, the
 * probabilities, as the loss's gradient does.
 */
export function entropy(all: Tensor): Tensor {
  return negate(rowProducts(exp(all), all));
}
