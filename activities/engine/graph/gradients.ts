/**
 * Reverse-mode differentiation: walks the nodes of a loss from last to first and appends the nodes that compute its gradients,
 * by the rules of `rules.ts`.
 */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';
import { type Contribution, type Node, reads, scalar, type Tensor } from './graph.js';
import { add } from './operators.js';
import { recomputeLayers } from './recomputeLayers.js';
import { gradientRules } from './rules.js';
import { describeShape, sameShape } from './shape.js';

/**
 * Gradients of a rank-0 `loss` with respect to each of `parameters`, in their order and shapes.
 * @param recompute whether the backward computes each layer's states again instead of keeping them.
 * @throws InternalError when the loss does not depend on a parameter, or an operator between them has no rule.
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[], { recompute = false } = {}): Tensor[] {
  if (loss.shape.length !== 0) throw new InternalError(`the loss must be a scalar, got ${describeShape(loss.shape)}`);
  const { graph } = loss;
  const nodes = [...graph.nodes];
  const needed = dependants(nodes, parameters);
  const contributionsOf = new Map<string, Contribution[]>([[loss.name, [scalar(loss, 1)]]]);
  const totals = new Map<string, Tensor>();

  /** The sum of what has been contributed to a tensor's gradient; null where nothing has. */
  const total = (tensor: Tensor): Tensor | null => {
    const known = totals.get(tensor.name);
    if (known) return known;
    const contributions = contributionsOf.get(tensor.name);
    if (!contributions) return null;
    const dense = contributions.flatMap((item) => (item && 'name' in item ? [item] : []));
    let sum: Tensor | null = null;
    for (const item of dense) sum = sum === null ? item : add(sum, item);
    for (const item of contributions) if (item && 'addTo' in item) sum = item.addTo(sum);
    if (sum === null) return null;
    if (!sameShape(sum.shape, tensor.shape))
      throw new InternalError(
        `gradient of ${tensor.name} has shape ${describeShape(sum.shape)}, not ${describeShape(tensor.shape)}`,
      );
    totals.set(tensor.name, sum);
    return sum;
  };

  for (const node of nodes.reverse()) {
    const result = at(node.outputs, 0);
    if (!needed.has(result.name)) continue;
    const ofResults = node.outputs.map(total);
    const [gradient = null] = ofResults;
    if (gradient === null) continue;
    const { customGradient: custom } = node;
    const rule = custom?.rule ?? gradientRules[node.operator];
    if (!rule) throw new InternalError(`operator ${node.operator} has no gradient rule`);
    const recomputed = (tensor: Tensor | null): Tensor | null =>
      tensor && (graph.recomputed.get(tensor.name)?.(gradient) ?? tensor);
    const contributions = rule(custom ? node : { ...node, inputs: node.inputs.map(recomputed) }, gradient, ofResults);
    for (const [index, tensor] of (custom?.sources ?? node.inputs).entries()) {
      const contribution = contributions[index];
      if (!tensor || !contribution || !needed.has(tensor.name)) continue;
      const others = contributionsOf.get(tensor.name);
      if (others) others.push(contribution);
      else contributionsOf.set(tensor.name, [contribution]);
    }
  }
  const found = parameters.map((parameter) => {
    const gradient = total(parameter);
    if (gradient === null) throw new InternalError(`the loss does not depend on ${parameter.name}`);
    return gradient;
  });
  if (recompute) recomputeLayers(graph, nodes.length, totals);
  return found;
}

/**
 * The sum of `part` of each gradient, in the order in which the graph computes the gradients.
 *
 * onnxruntime runs what an output needs from its first operand on, so this sum makes it compute the gradient of a weight as soon
 * as the backward has reached its layer. In another order it would run the backward to its end first, and hold the states of
 * every layer and their gradients at once.
 */
export function sumInGraphOrder(gradients: readonly Tensor[], part: (gradient: Tensor) => Tensor): Tensor {
  const { graph } = at(gradients, 0);
  const places = new Map(graph.nodes.flatMap(({ outputs }, place) => outputs.map(({ name }) => [name, place])));
  const placeOfInputs = -1;
  const place = ({ name }: Tensor): number => places.get(name) ?? placeOfInputs;
  return [...gradients]
    .sort((a, b) => place(a) - place(b))
    .map(part)
    .reduce((sum, next) => add(sum, next));
}

/** Names of everything that depends on one of `sources`, themselves included. */
function dependants(nodes: readonly Node[], sources: readonly Tensor[]): ReadonlySet<string> {
  const names = new Set(sources.map((tensor) => tensor.name));
  for (const node of nodes)
    if (reads(node).some(({ name }) => names.has(name))) for (const tensor of node.outputs) names.add(tensor.name);
  return names;
}
