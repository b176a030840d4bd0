/** The operators of `fusedOperators.ts` in ONNX's, for devices that lack their kernels: the formulas of `customGradients.ts`. */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';
import { causalMask } from './causalMask.js';
import type { FusedName } from './fusedOperators.js';
import { dimensionAt, type Node, operand, type Tensor } from './graph.js';
import {
  add,
  cast,
  exp,
  full,
  gatherElements,
  logSoftmax,
  mean,
  multiply,
  negate,
  reciprocal,
  reshape,
  scatterAddElements,
  sigmoid,
  softmax,
  sqrt,
  subtract,
  sum,
} from './operators.js';

function numberOf({ operator, attributes }: Node, name: string): number {
  const attribute = attributes[name];
  if (attribute?.kind !== 'int' && attribute?.kind !== 'float') throw new InternalError(`${operator} has no ${name}`);
  return attribute.value;
}

const full32 = (x: Tensor): Tensor => (x.type === 'float32' ? x : cast(x, 'float32'));
/** `[rows]` as a column. */
const column = (x: Tensor): Tensor => reshape(x, [dimensionAt(x, 0), 1]);

/** The same values, in the order of the node's results. `node` is given with inputs of the new graph; values need not have its types. */
export const fusedExpansions: Readonly<Record<FusedName, (node: Node) => readonly Tensor[]>> = {
  ReftNorm: (node) => {
    const [x, gain] = [operand(node, 0), operand(node, 1)];
    const scale = reciprocal(sqrt(add(mean(multiply(x, x), [-1], true), numberOf(node, 'epsilon'))));
    return [multiply(multiply(x, scale), gain), reshape(scale, [dimensionAt(x, 0)])];
  },
  ReftNormBack: (node) => {
    const [g, x, gain, scales] = [full32(operand(node, 0)), operand(node, 1), operand(node, 2), operand(node, 3)];
    const scale = column(scales);
    const normed = multiply(x, scale);
    const weighted = multiply(g, normed);
    const projection = mean(multiply(weighted, gain), [-1], true);
    const change = subtract(multiply(g, gain), multiply(normed, projection));
    return [multiply(change, scale), sum(weighted, [0]), full(x.graph, 'float32', at(node.outputs, 2).shape, 0)];
  },
  ReftSwiGlu: (node) => {
    const [gate, up] = [operand(node, 0), operand(node, 1)];
    return [multiply(multiply(gate, sigmoid(gate)), up)];
  },
  ReftSwiGluBack: (node) => {
    const [g, gate, up] = [operand(node, 0), operand(node, 1), operand(node, 2)];
    const s = sigmoid(gate);
    const y = multiply(gate, s);
    const slope = add(s, subtract(y, multiply(y, s)));
    return [multiply(multiply(g, up), slope), multiply(g, y)];
  },
  ReftCausalSoftmax: (node) => {
    const scores = operand(node, 0);
    const [batch, heads, , time] = [0, 1, 2, 3].map((axis) => dimensionAt(scores, axis));
    if (batch === undefined || heads === undefined || time === undefined) throw new InternalError('scores of 4 axes');
    const window = numberOf(node, 'window');
    const mask = causalMask(scores.graph, time, window === 0 ? null : window);
    const grouped = reshape(scores, [batch, heads, numberOf(node, 'group'), time, time]);
    return [softmax(reshape(add(grouped, cast(mask, scores.type)), scores.shape))];
  },
  ReftCausalSoftmaxBack: (node) => {
    const [g, weights] = [operand(node, 0), operand(node, 1)];
    const weighted = multiply(g, weights);
    return [subtract(weighted, multiply(weights, sum(weighted, [-1], true)))];
  },
  ReftCrossEntropy: (node) => {
    const [logits, labels] = [full32(operand(node, 0)), operand(node, 1)];
    const chosen = gatherElements(logSoftmax(logits), labels);
    return [chosen, subtract(gatherElements(logits, labels), chosen)];
  },
  ReftCrossEntropyBack: (node) => {
    const [g, logits, labels, sums] = [operand(node, 0), full32(operand(node, 1)), operand(node, 2), operand(node, 3)];
    const shares = exp(subtract(logits, column(sums)));
    return [scatterAddElements(multiply(shares, column(negate(g))), column(labels), column(g), 1)];
  },
};
