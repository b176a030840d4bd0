/**
 * Reverse-mode differentiation: walks the nodes behind a loss from last to first and appends, by the rules of `rules.ts`, the
 * nodes that compute its gradient.
 */
import { type Contribution, type Node, scalar, type Tensor } from './graph.js';
import { add } from './operators.js';
import { gradientRules } from './rules.js';
import { describeShape, sameShape } from './shape.js';

/**
 * Gradients of a rank-0 `loss` with respect to each of `parameters`, in their order and shapes.
 * @throws Error when the loss does not depend on a parameter, or an operator on the way has no rule.
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0) throw new Error(`the loss must be a scalar, got ${describeShape(loss.shape)}`);
  const { graph } = loss;
  const nodes = [...graph.nodes];
  const needed = dependants(nodes, parameters);
  const gathered = new Map<string, Contribution[]>([[loss.name, [scalar(loss, 1)]]]);
  const settled = new Map<string, Tensor>();

  const settle = (tensor: Tensor): Tensor | null => {
    const known = settled.get(tensor.name);
    if (known) return known;
    const contributions = gathered.get(tensor.name) ?? [];
    const dense = contributions.flatMap((item) => (item && 'name' in item ? [item] : []));
    let total: Tensor | null = null;
    for (const item of dense) total = total === null ? item : add(total, item);
    for (const item of contributions) if (item && 'addTo' in item) total = item.addTo(total);
    if (total === null) return null;
    if (!sameShape(total.shape, tensor.shape))
      throw new Error(
        `gradient of ${tensor.name} has shape ${describeShape(total.shape)}, not ${describeShape(tensor.shape)}`,
      );
    settled.set(tensor.name, total);
    return total;
  };

  for (const node of nodes.reverse()) {
    const [result] = node.outputs;
    if (!result || !needed.has(result.name) || !gathered.has(result.name)) continue;
    const gradient = settle(result);
    if (gradient === null) continue;
    const rule = node.ownRule?.rule ?? gradientRules[node.operator];
    if (!rule) throw new Error(`operator ${node.operator} has no gradient rule`);
    const again = (tensor: Tensor | null): Tensor | null =>
      tensor && (graph.recomputed.get(tensor.name)?.(gradient) ?? tensor);
    const contributions = rule(node.ownRule ? node : { ...node, inputs: node.inputs.map(again) }, gradient);
    (node.ownRule?.sources ?? node.inputs).forEach((tensor, index) => {
      const contribution = contributions[index];
      if (!tensor || !contribution || !needed.has(tensor.name)) return;
      gathered.set(tensor.name, [...(gathered.get(tensor.name) ?? []), contribution]);
    });
  }
  return parameters.map((parameter) => {
    const gradient = settle(parameter);
    if (gradient === null) throw new Error(`the loss does not depend on ${parameter.name}`);
    return gradient;
  });
}

/** Names of everything that depends on one of `sources`, themselves included. */
function dependants(nodes: readonly Node[], sources: readonly Tensor[]): ReadonlySet<string> {
  const names = new Set(sources.map((tensor) => tensor.name));
  for (const node of nodes)
    if (node.inputs.some((tensor) => tensor && names.has(tensor.name)))
      for (const tensor of node.outputs) names.add(tensor.name);
  return names;
}
