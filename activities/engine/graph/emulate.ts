/**
 * Half precision where an execution provider has no kernel for it: such a node computes in float32, and its results are rounded to
 * half precision, as a kernel would round them. Slower than float32, and the same numbers as on a device that has the kernels, but
 * for the order of sums.
 */
import { createGraph, type Graph, type HalfType, type Node, renameLastResult, type Tensor } from './graph.js';
import { cast } from './operators.js';

/** Operators without a kernel in each type; `all` are all but Cast. */
export type LackingKernels = Readonly<Record<HalfType, ReadonlySet<string> | 'all'>>;

/** A graph of which the provider has all kernels; `graph` itself where it lacks none. */
export function emulate(graph: Graph, lacking: LackingKernels): Graph {
  if (!graph.nodes.some((node) => lacksKernel(node, lacking))) return graph;
  const emulated: Graph = { ...createGraph(graph), counter: graph.counter };
  const moved = <Of extends Tensor | null>(tensor: Of): Of => tensor && { ...tensor, graph: emulated };
  emulated.inputs.push(...graph.inputs.map(moved));
  emulated.constants.push(...graph.constants);
  emulated.outputs.push(...graph.outputs.map(({ name, tensor }) => ({ name, tensor: moved(tensor) })));
  /** Halves cast to float32, by their names. */
  const widened = new Map<string, Tensor>();
  const widen = (tensor: Tensor): Tensor => {
    const known = widened.get(tensor.name) ?? cast(tensor, 'float32');
    widened.set(tensor.name, known);
    return known;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(moved);
    if (!lacksKernel(node, lacking)) {
      emulated.nodes.push({ ...node, inputs });
      continue;
    }
    const wide = inputs.map((tensor) => (tensor && halfTypeOf(tensor) ? widen(tensor) : tensor));
    const outputs = node.outputs.map((tensor): Tensor => {
      const type = halfTypeOf(tensor) ? 'float32' : tensor.type;
      const name = type === tensor.type ? tensor.name : `${node.operator}_${emulated.counter++}`;
      return { ...tensor, graph: emulated, name, type };
    });
    emulated.nodes.push({ ...node, inputs: wide, outputs });
    node.outputs.forEach((tensor, index) => {
      const [half, output] = [halfTypeOf(tensor), outputs[index]];
      if (!half || !output) return;
      cast(output, half);
      renameLastResult(emulated, moved(tensor));
    });
  }
  return emulated;
}

function lacksKernel({ operator, domain, inputs, outputs }: Node, lacking: LackingKernels): boolean {
  // Operators of our own that `lower.ts` has left bring their kernels.
  if (operator === 'Cast' || domain.startsWith('reft')) return false;
  return [...inputs, ...outputs].some((tensor) => {
    const half = tensor && halfTypeOf(tensor);
    return half && (lacking[half] === 'all' || lacking[half].has(operator));
  });
}

function halfTypeOf({ type }: Tensor): HalfType | null {
  return type === 'float16' || type === 'bfloat16' ? type : null;
}
