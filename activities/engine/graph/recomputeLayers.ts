/**
 * Activation recomputation by layer (gradient checkpointing; Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost"):
 * of each layer the forward keeps only the state that it starts from, and the backward computes the rest again when it comes to
 * the layer. The last layer is kept: its backward comes at once.
 */
import { InternalError } from '../../errors.js';
import { at, required } from '../../invariant.js';
import { after } from './after.js';
import { type Graph, type Node, reads, type Tensor, withReads } from './graph.js';

/** Marks the state that a layer starts from, `[tokens, width]`. */
export function startLayer(state: Tensor): Tensor {
  state.graph.layerStarts.push(state);
  return state;
}

/** A layer whose forward the backward runs again. */
interface Layer {
  readonly start: Tensor;
  /** The gradient of the state that it ends in: the backward has it when it comes to the layer. */
  readonly gradient: Tensor;
  /** What is computed again: its nodes that depend on `start` and that the backward needs, in order. */
  readonly nodes: readonly Node[];
}

/**
 * Rewrites a graph that has its gradients.
 * @param forward how many of its nodes belong to the forward.
 * @param gradientOf the gradient of a tensor by its name.
 */
export function recomputeLayers(graph: Graph, forward: number, gradientOf: ReadonlyMap<string, Tensor>): void {
  const nodes = graph.nodes.splice(0);
  const backward = nodes.slice(forward);
  const needed = new Set(backward.flatMap(reads).map(({ name }) => name));
  const places = new Map(nodes.flatMap(({ outputs }, place) => outputs.map(({ name }) => [name, place])));
  const placeOf = ({ name }: Tensor): number => required(places.get(name), `the node of ${name}`);
  /** The layer that a tensor is computed again in, by its name. */
  const layerOf = new Map<string, Layer>();
  graph.layerStarts.slice(0, -1).forEach((start, index) => {
    const end = at(graph.layerStarts, index + 1);
    const gradient = required(gradientOf.get(end.name), `the gradient of ${end.name}`);
    const own = nodes.slice(placeOf(start) + 1, placeOf(end) + 1);
    const layer = { start, gradient, nodes: neededNodes(dependent(own, start), needed, end) };
    for (const { outputs } of layer.nodes)
      for (const { name } of outputs) if (name !== end.name) layerOf.set(name, layer);
  });

  graph.nodes.push(...nodes.slice(0, forward));
  const again = new Map<string, Tensor>();
  const known = new Set(graph.inputs.map(({ name }) => name));
  for (const node of backward) {
    for (const tensor of reads(node)) {
      const layer = layerOf.get(tensor.name);
      if (!layer || again.has(tensor.name)) continue;
      if (!known.has(layer.gradient.name))
        throw new InternalError(`${node.operator} reads ${tensor.name} before the backward has come to its layer`);
      appendAgain(graph, layer, again);
    }
    graph.nodes.push(withReads(node, (tensor) => again.get(tensor.name) ?? tensor));
    for (const { name } of node.outputs) known.add(name);
  }
}

/** Nodes that depend on a tensor. */
function dependent(nodes: readonly Node[], source: Tensor): readonly Node[] {
  const names = new Set([source.name]);
  return nodes.filter((node) => {
    if (!reads(node).some(({ name }) => names.has(name))) return false;
    for (const { name } of node.outputs) names.add(name);
    return true;
  });
}

/** Nodes that give what is needed, but for the layer's end, which the next layer keeps. */
function neededNodes(nodes: readonly Node[], needed: ReadonlySet<string>, end: Tensor): readonly Node[] {
  const wanted = new Set(needed);
  wanted.delete(end.name);
  const kept = nodes.toReversed().filter((node) => {
    if (!node.outputs.some(({ name }) => wanted.has(name))) return false;
    for (const { name } of reads(node)) wanted.add(name);
    return true;
  });
  return kept.reverse();
}

/** Runs a layer again, from a start that is there only once the backward has come to it. */
function appendAgain(graph: Graph, { start, gradient, nodes }: Layer, again: Map<string, Tensor>): void {
  const own = new Map([[start.name, after(start, gradient)]]);
  for (const node of nodes) {
    const outputs = node.outputs.map((tensor) => ({ ...tensor, name: `${node.operator}_${graph.counter++}` }));
    graph.nodes.push({ ...withReads(node, (tensor) => own.get(tensor.name) ?? tensor), outputs });
    node.outputs.forEach(({ name }, index) => {
      own.set(name, at(outputs, index));
      again.set(name, at(outputs, index));
    });
  }
}
