/** The last part of a decoding step's graph: the next token from logits, so that the graph need not output logits. */
import { InternalError } from '../../errors.js';

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

/** The most likely token of each row of `logits [batch, vocabulary]`; of equal ones the first. */
export function chooseGreedily(logits: Tensor): ChosenTokens {
  return withLogProbs(softmax(logits), indexOfLargest(logits));
}

/** From a larger vocabulary a token is drawn in two stages: a block of consecutive tokens, then a token of that block. */
const largestStage = 512;

/**
 * Draws from softmax(`logits [batch, vocabulary]`) by the inverse of the cumulative distribution: the first token whose
 * cumulative probability exceeds the row's uniform number (`uniforms [batch]`, in [0, 1)).
 */
export function chooseAtRandom(logits: Tensor, uniforms: Tensor): ChosenTokens {
  const probabilities = softmax(logits);
  return withLogProbs(probabilities, drawToken(probabilities, uniforms));
}

/**
 * As `chooseAtRandom` from softmax(`logits` · `inverseTemperature`), rank 1 of one element. The log-probabilities are the model's own: those
 * of temperature 1.
 */
export function chooseTempered(logits: Tensor, uniforms: Tensor, inverseTemperature: Tensor): ChosenTokens {
  return withLogProbs(softmax(logits), drawToken(softmax(multiply(logits, inverseTemperature)), uniforms));
}

/** Indices drawn from `probabilities [batch, vocabulary]`: int64 `[batch]`. */
function drawToken(probabilities: Tensor, uniforms: Tensor): Tensor {
  const { graph } = probabilities;
  const fractions = cast(uniforms, 'float64');
  const [batch, vocabulary] = [dimensionAt(probabilities, 0), dimensionAt(probabilities, 1)];
  if (typeof vocabulary !== 'number') throw new InternalError('the size of the vocabulary must be known');
  if (vocabulary <= largestStage) return draw(probabilities, fractions).drawn;

  const width = blockWidth(vocabulary);
  const count = vocabulary / width;
  const block = draw(sum(reshape(probabilities, [batch, count, width]), [2]), fractions);
  const firstBlocks = multiply(range(graph, batch), constant(graph, 'int64', [], [count]));
  const blocks = reshape(probabilities, [product([batch, count]), width]);
  const within = draw(gatherDistinctRows(blocks, add(firstBlocks, block.drawn)), block.left);
  const starts = multiply(block.drawn, constant(graph, 'int64', [], [width]));
  return add(starts, within.drawn);
}

/** The largest divisor up to the square root: both stages are short, and all blocks have the same width. */
function blockWidth(vocabulary: number): number {
  let width = Math.floor(Math.sqrt(vocabulary));
  while (vocabulary % width !== 0) width--;
  return width;
}

/**
 * Draws one of each row's `weights [n, width]`: the first whose cumulative sum exceeds `fractions` (float64 `[n]`, in [0, 1)) of the
 * row's sum. `left [n]` is the part of that weight below the threshold, a fraction in [0, 1) that the next stage draws by.
 */
function draw(weights: Tensor, fractions: Tensor): { readonly drawn: Tensor; readonly left: Tensor } {
  const { graph } = weights;
  const [rows, width] = [dimensionAt(weights, 0), dimensionAt(weights, 1)];
  if (typeof width !== 'number') throw new InternalError('the number of weights must be known');
  // In float64: added to a sum near 1, the many small weights of a tail would be rounded away in float32.
  const exact = cast(weights, 'float64');
  const axis = constant(graph, 'int64', [], [1]);
  const cumulative = append(graph, 'CumSum', [exact, axis], { type: 'float64', shape: weights.shape });
  // The threshold is a fraction of the rounded sum itself, so some weight always exceeds it.
  const threshold = multiply(reshape(fractions, [rows, 1]), slice(cumulative, width - 1, width));
  const exceeds = append(graph, 'Greater', [cumulative, threshold], { type: 'bool', shape: weights.shape });
  const drawn = indexOfLargest(cast(exceeds, 'float32'));

  const weight = gatherElements(exact, drawn);
  const below = subtract(gatherElements(cumulative, drawn), weight);
  const reached = divide(subtract(reshape(threshold, [rows]), below), weight);
  // Rounding must not lead out of [0, 1).
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
