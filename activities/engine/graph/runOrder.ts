/**
 * The order in which onnxruntime runs the nodes of a graph, which is not the one they were appended in.
 *
 * It walks from results back to what they are made from: from the last result that no node reads, and at each node from the input whose
 * node was appended last. A node runs when all its inputs have. So what is needed late runs late, and what it reads stays in memory until
 * then. Source: `Graph::ReverseDFSFrom` and `GraphViewer` (onnxruntime/core/graph, 1.30). Optimisations that merge nodes change little.
 */
import { at } from '../../invariant.js';
import { type Graph, type Node, reads } from './graph.js';

/** The nodes that an output of the graph depends on, in the order of their run: the serialiser leaves out the others. */
export function runOrder(graph: Graph): readonly Node[] {
  const nodes = usedNodes(graph);
  const places = new Map(nodes.flatMap(({ outputs }, place) => outputs.map(({ name }) => [name, place])));
  const inputs = nodes.map((node) =>
    reads(node)
      .flatMap(({ name }) => places.get(name) ?? [])
      .sort((a, b) => a - b),
  );
  const isRead = new Set(inputs.flat());
  const order: Node[] = [];
  const met = new Set<number>();
  /** What is left to visit, the next one last; a node that was met stands there until its inputs have run. */
  const stack = nodes.map((_, place) => place).filter((place) => !isRead.has(place));
  const running = new Set<number>();
  for (let place = stack.at(-1); place !== undefined; place = stack.at(-1)) {
    if (!met.has(place)) {
      met.add(place);
      running.add(place);
      stack.push(...at(inputs, place).filter((other) => !met.has(other)));
      continue;
    }
    stack.pop();
    // Met again by another that reads it: it has run, or runs once its inputs have.
    if (running.delete(place)) order.push(at(nodes, place));
  }
  return order;
}

function usedNodes(graph: Graph): readonly Node[] {
  const used = new Set(graph.outputs.map(({ tensor }) => tensor.name));
  const nodes = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some(({ name }) => used.has(name))) continue;
    for (const { name } of reads(node)) used.add(name);
    nodes.push(node);
  }
  return nodes.reverse();
}
