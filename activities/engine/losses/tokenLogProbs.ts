/** Log-probabilities of given tokens, which every loss on answer tokens starts from, and the simplest such loss. */
import { gatherLogSoftmax } from '../graph/customGradients.js';
import { fusedCrossEntropy } from '../graph/fusedOperators.js';
import { dimensionAt, type Tensor } from '../graph/graph.js';
import { logSoftmax, matmul, multiply, negate, sum } from '../graph/operators.js';
import { entropy, slicedLogProbs, slicesOf, type TokenLogProbs } from './slicedVocabulary.js';

/**
 * From `hidden [n, hidden]` and int64 `labels [n]`.
 * @param matrix the head's, `[vocabulary, hidden]`: logits are hidden · matrixᵀ.
 */
export function tokenLogProbs(hidden: Tensor, matrix: Tensor, labels: Tensor): TokenLogProbs {
  const slices = hidden.graph.preferences.slicesVocabulary ? slicesOf(Number(dimensionAt(matrix, 0))) : 1;
  if (slices > 1) return slicedLogProbs(hidden, matrix, labels, slices);
  const logits = matmul(hidden, matrix, { transposeB: true });
  if (hidden.graph.preferences.fusedOperators)
    return { chosen: fusedCrossEntropy(logits, labels), entropy: () => entropy(logSoftmax(logits)) };
  const all = logSoftmax(logits);
  return { chosen: gatherLogSoftmax(logits, all, labels), entropy: () => entropy(all) };
}

/**
 * Cross-entropy, the loss of warm-up, SFT and the reward model: −Σ weight · log π(label).
 * @param chosen log π of the labels, `[n]`.
 * @param weights `[n]`, how labels share the mean (1/n each for a mean over all of them).
 */
export function crossEntropy(chosen: Tensor, weights: Tensor): Tensor {
  return negate(sum(multiply(chosen, weights)));
}
