/**
 * The order in which a graph computes tensors, and how to have onnxruntime keep to it: it runs what an output needs from its first
 * operand on, so what is added up in that order is computed in it.
 *
 * Gradients want it. A weight's is computed as soon as the backward has come to its layer; in another order the whole backward comes
 * first, and holds every layer's states and their gradients at once.
 */
import type { Tensor } from './graph.js';
import { add } from './operators.js';

/** The sum of `part` of each tensor, added up as the graph computes the tensors. */
export function sumAsComputed(tensors: readonly Tensor[], part: (tensor: Tensor) => Tensor): Tensor {
  const [first] = tensors;
  const places = new Map(first?.graph.nodes.flatMap(({ outputs }, at) => outputs.map(({ name }) => [name, at])));
  const place = ({ name }: Tensor): number => places.get(name) ?? 0;
  return [...tensors]
    .sort((a, b) => place(a) - place(b))
    .map(part)
    .reduce((sum, next) => add(sum, next));
}
