/**
 * Log-probabilities over a large vocabulary, computed in slices of it: logits lie as `[slices, n, width]`.
 *
 * In one matrix `[n, vocabulary]` a row is some 200 kB long, often a multiple of a power of two, and a product that reads down its
 * columns, as both of the backward do, finds little of it in the caches: it takes up to twice as long. With s the slice of a token,
 * log π(token) = log π(token | s) + log π(s): the first by a softmax within each slice, the second by one over the slices' sums.
 */
import { at } from '../../invariant.js';
import { after } from '../graph/after.js';
import { appendWithGradient, dimensionAt, type Tensor } from '../graph/graph.js';
import {
  concatenate,
  divide,
  exp,
  gatherElements,
  gatherND,
  logSoftmax,
  matmul,
  multiply,
  negate,
  range,
  reshape,
  scatterAddND,
  slice,
  subtract,
  sum,
  transpose,
  vecdot,
} from '../graph/operators.js';
import { product } from '../graph/shape.js';

export interface TokenLogProbs {
  /** log π of the labels: `[n]`. */
  readonly chosen: Tensor;
  /** Entropy of each distribution in nats, `[n]`: appended to the graph when it is asked for. */
  readonly entropy: () => Tensor;
}

/** Columns of a slice: few enough for the caches, enough that a slice's product is worth its start. */
const smallest = 750;
const best = 1_700;
const largest = 6_000;

/** Into how many equal slices a vocabulary is cut: 1 where it is small, or does not come in slices of a good size. */
export function slicesOf(vocabulary: number): number {
  if (vocabulary <= largest) return 1;
  let slices = 1;
  for (let count = 2; vocabulary / count >= smallest; count++) {
    const width = vocabulary / count;
    if (!Number.isInteger(width) || width > largest) continue;
    if (Math.abs(width - best) < Math.abs(vocabulary / slices - best)) slices = count;
  }
  return slices;
}

/**
 * `tokenLogProbs` in so many slices.
 *
 * The gradient goes to the logits at once: g at the label less g · π, with π(token) = π(token | s) · π(s).
 */
export function slicedLogProbs(hidden: Tensor, matrix: Tensor, labels: Tensor, slices: number): TokenLogProbs {
  const [n, size] = [dimensionAt(hidden, 0), dimensionAt(hidden, 1)];
  const width = Number(dimensionAt(matrix, 0)) / slices;
  const logits = matmul(reshape(hidden, [1, n, size]), reshape(matrix, [slices, width, size]), { transposeB: true });
  /** log π(token | s): `[slices, n, width]`. */
  const within = logSoftmax(logits);
  // Of a slice's sum a column tells as much as the sum itself: log Σ exp(logits) = logit − log π(token | s).
  const sums = subtract(slice(logits, 0, 1), slice(within, 0, 1));
  /** log π(s): `[n, slices]`. */
  const shares = logSoftmax(transpose(reshape(sums, [slices, n]), [1, 0]));

  const sliceOf = divide(labels, width);
  const column = subtract(labels, multiply(sliceOf, width));
  const points = concatenate(
    [sliceOf, range(hidden.graph, n), column].map((place) => reshape(place, [n, 1])),
    1,
  );
  const chosen = appendWithGradient(
    hidden.graph,
    'Add',
    [gatherND(within, points), gatherElements(shares, sliceOf)],
    { type: hidden.type, shape: [n] },
    {},
    {
      sources: [logits],
      // Written so that all else that reads logits or `within` runs before (`graph/runOrder.ts`): two matrices are alive at once.
      rule: ({ outputs }, g) => {
        const chosenFirst = after(g, at(outputs, 0));
        const probabilities = exp(within);
        const factors = multiply(exp(shares), negate(reshape(chosenFirst, [n, 1])));
        const spread = reshape(transpose(factors, [1, 0]), [slices, n, 1]);
        return [scatterAddND(multiply(probabilities, spread), points, chosenFirst)];
      },
    },
  );
  return { chosen, entropy: () => slicedEntropy(within, shares) };
}

/**
 * Entropies of distributions given by their log-probabilities `all [n, width]`: `[n]`. Beside `all` it holds one matrix, the
 * probabilities, as the loss's gradient does.
 */
export function entropy(all: Tensor): Tensor {
  return negate(vecdot(exp(all), all));
}

/** By the chain rule of entropy: that of the slices plus the mean of those within them. */
function slicedEntropy(within: Tensor, shares: Tensor): Tensor {
  const [slices, n, width] = [dimensionAt(within, 0), dimensionAt(within, 1), dimensionAt(within, 2)];
  const flat = reshape(within, [product([slices, n]), width]);
  const inner = transpose(reshape(entropy(flat), [slices, n]), [1, 0]);
  return sum(multiply(exp(shares), subtract(inner, shares)), [-1]);
}
