/** Cross-entropy on answer tokens: the loss of warm-up, SFT and the reward model. */
import type { Tensor } from '../graph/graph.js';
import { exp, logSoftmax, multiply, negate, pickLogSoftmax, rowProducts, sum } from '../graph/operators.js';

export interface TokenLogProbs {
  /** log π of every token of the vocabulary: `[n, vocabulary]`. */
  readonly all: Tensor;
  /** log π of the labels: `[n]`. */
  readonly chosen: Tensor;
}

/** From logits `[n, vocabulary]` and int64 `labels [n]`. */
export function tokenLogProbs(logits: Tensor, labels: Tensor): TokenLogProbs {
  const all = logSoftmax(logits);
  return { all, chosen: pickLogSoftmax(logits, all, labels) };
}

/** −Σ weight · log π(label); `weights [n]` say how tokens share the mean (1/n each for a mean over all answer tokens). */
export function crossEntropy(chosen: Tensor, weights: Tensor): Tensor {
  return negate(sum(multiply(chosen, weights)));
}

/** Entropy of each distribution in nats: `[n]`. Beside `all` it holds one matrix, the probabilities, as the loss's gradient does. */
export function entropy(all: Tensor): Tensor {
  return negate(rowProducts(exp(all), all));
}
