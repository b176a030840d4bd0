/** The end of a decoding step, in the graph: the next token from logits, so that no logits leave it. */

import { gatherDistinctRows } from '../graph/customGradients.js';
import { append, constant, dimensionAt, type Tensor } from '../graph/graph.js';
import {
  add,
  cast,
  divide,
  gatherElements,
  log,
  maximum,
  minimum,
  multiply,
  range,
  reshape,
  slice,
  softmax,
  subtract,
  sum,
} from '../graph/operators.js';
import { product } from '../graph/shape.js';

export interface ChosenTokens {
  /** int64 `[batch]`. */
  readonly tokens: Tensor;
  /** Their log-probabilities under the model, `[batch]`. */
  readonly logProbs: Tensor;
}

/** The most likely token of each row of `logits [batch, vocabulary]`; the first of equals. */
export function chooseGreedily(logits: Tensor): ChosenTokens {
  return withLogProbs(softmax(logits), indexOfLargest(logits));
}

/** Larger vocabularies are drawn from in two stages: a block of neighbours, then a token of it. */
const largestStage = 512;

/**
 * Draws from softmax(`logits [batch, vocabulary]`) by the inverse of the cumulative distribution: the first token whose
 * cumulative probability exceeds the row's uniform number (`uniforms [batch]`, in [0, 1)).
 */
export function chooseAtRandom(logits: Tensor, uniforms: Tensor): ChosenTokens {
  const probabilities = softmax(logits);
  const fractions = cast(uniforms, 'float64');
  const [batch, vocabulary] = [dimensionAt(logits, 0), dimensionAt(logits, 1)];
  if (typeof vocabulary !== 'number') throw new Error('the size of the vocabulary must be known');
  if (vocabulary <= largestStage) return withLogProbs(probabilities, draw(probabilities, fractions).drawn);

  const width = blockWidth(vocabulary);
  const count = vocabulary / width;
  const block = draw(sum(reshape(probabilities, [batch, count, width]), [2]), fractions);
  const firstBlocks = multiply(range(logits.graph, batch), constant(logits.graph, 'int64', [], [count]));
  const blocks = reshape(probabilities, [product([batch, count]), width]);
  const within = draw(gatherDistinctRows(blocks, add(firstBlocks, block.drawn)), block.left);
  const starts = multiply(block.drawn, constant(logits.graph, 'int64', [], [width]));
  return withLogProbs(probabilities, add(starts, within.drawn));
}

/** The largest divisor that is not above the square root: so both stages are short, and no block is cut off. */
function blockWidth(vocabulary: number): number {
  let width = Math.floor(Math.sqrt(vocabulary));
  while (vocabulary % width !== 0) width--;
  return width;
}

/**
 * The first of each row's `weights [n, width]` whose cumulative sum exceeds `fractions` (float64 `[n]`, in [0, 1)) of the row's
 * sum, and `left`: how far into that weight the fraction reaches, a fraction again.
 */
function draw(weights: Tensor, fractions: Tensor): { readonly drawn: Tensor; readonly left: Tensor } {
  const { graph } = weights;
  const [rows, width] = [dimensionAt(weights, 0), dimensionAt(weights, 1)];
  if (typeof width !== 'number') throw new Error('the number of weights must be known');
  // In float64, because the tail of many weights would be lost beside a float32 sum near 1.
  const exact = cast(weights, 'float64');
  const axis = constant(graph, 'int64', [], [1]);
  const cumulative = append(graph, 'CumSum', [exact, axis], { type: 'float64', shape: weights.shape });
  // Of the sum as it came out: so some weight always exceeds the threshold, whatever was rounded.
  const threshold = multiply(reshape(fractions, [rows, 1]), slice(cumulative, width - 1, width));
  const exceeds = append(graph, 'Greater', [cumulative, threshold], { type: 'bool', shape: weights.shape });
  const drawn = indexOfLargest(cast(exceeds, 'float32'));

  const weight = gatherElements(exact, drawn);
  const below = subtract(gatherElements(cumulative, drawn), weight);
  const reached = divide(subtract(reshape(threshold, [rows]), below), weight);
  // What was rounded must not lead out of [0, 1).
  return { drawn, left: minimum(maximum(reached, 0), 1 - 2 ** -40) };
}

function withLogProbs(probabilities: Tensor, tokens: Tensor): ChosenTokens {
  return { tokens, logProbs: log(gatherElements(probabilities, tokens)) };
}

function indexOfLargest(x: Tensor): Tensor {
  return append(
    x.graph,
    'ArgMax',
    [x],
    { type: 'int64', shape: [dimensionAt(x, 0)] },
    { axis: { kind: 'int', value: 1 }, keepdims: { kind: 'int', value: 0 } },
  );
}
