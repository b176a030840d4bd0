/** The end of a decoding step, in the graph: the next token from logits, so that no logits leave it. */
import { append, constant, dimensionAt, type Tensor } from '../graph/graph.js';
import { cast, exp, logSoftmax, multiply, pick, reshape } from '../graph/operators.js';

export interface ChosenTokens {
  /** int64 `[batch]`. */
  readonly tokens: Tensor;
  /** Their log-probabilities under the model, `[batch]`. */
  readonly logProbs: Tensor;
}

/** The most likely token of each row of `logits [batch, vocabulary]`; the first of equals. */
export function chooseGreedily(logits: Tensor): ChosenTokens {
  return withLogProbs(logSoftmax(logits), indexOfLargest(logits));
}

/**
 * Draws from softmax(`logits [batch, vocabulary]`) by the inverse of the cumulative distribution: the first token whose
 * cumulative probability exceeds the row's uniform number (`uniforms [batch]`, in [0, 1)).
 */
export function chooseAtRandom(logits: Tensor, uniforms: Tensor): ChosenTokens {
  const { graph } = logits;
  const logProbs = logSoftmax(logits);
  const axis = constant(graph, 'int64', [], [1]);
  const axes = constant(graph, 'int64', [1], [1]);
  // In float64, because the tail of a large vocabulary would be lost beside a float32 sum near 1.
  const probabilities = cast(exp(logProbs), 'float64');
  const cumulative = append(graph, 'CumSum', [probabilities, axis], { type: 'float64', shape: logits.shape });
  // Times the sum as it came out, not 1: so some token always exceeds the threshold, whatever was rounded.
  const batch = dimensionAt(logits, 0);
  const total = append(graph, 'ReduceMax', [cumulative, axes], { type: 'float64', shape: [batch, 1] });
  const threshold = multiply(reshape(cast(uniforms, 'float64'), [batch, 1]), total);
  const exceeds = append(graph, 'Greater', [cumulative, threshold], { type: 'bool', shape: logits.shape });
  return withLogProbs(logProbs, indexOfLargest(cast(exceeds, 'float32')));
}

function withLogProbs(logProbs: Tensor, tokens: Tensor): ChosenTokens {
  return { tokens, logProbs: pick(logProbs, tokens) };
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
