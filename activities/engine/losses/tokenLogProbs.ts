/** Log-probabilities of given tokens: what every loss on answer tokens starts from. */
import { dimensionAt, type Tensor } from '../graph/graph.js';
import { logSoftmax, matmul, pickLogSoftmax } from '../graph/operators.js';
import { entropy } from './entropy.js';
import { slicedLogProbs, slicesOf } from './slicedVocabulary.js';

export interface TokenLogProbs {
  /** log π of the labels: `[n]`. */
  readonly chosen: Tensor;
  /** Entropy of each distribution in nats, `[n]`: appended to the graph when it is asked for. */
  readonly entropy: () => Tensor;
}

/**
 * From `hidden [n, hidden]` and int64 `labels [n]`.
 * @param matrix the head's, `[vocabulary, hidden]`: logits are hidden · matrixᵀ.
 */
export function tokenLogProbs(hidden: Tensor, matrix: Tensor, labels: Tensor): TokenLogProbs {
  const slices = slicesOf(Number(dimensionAt(matrix, 0)));
  if (slices > 1) return slicedLogProbs(hidden, matrix, labels, slices);
  const logits = matmul(hidden, matrix, { transposeB: true });
  const all = logSoftmax(logits);
  return { chosen: pickLogSoftmax(logits, all, labels), entropy: () => entropy(all) };
}
