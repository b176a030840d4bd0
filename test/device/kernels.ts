/** Kernels that graphs need: a line for each operator with the types of its operands, and a model of one such node. */
import { createGraph, type Graph, input, type Node, output, type Tensor } from '../../activities/engine/graph/graph.js';
import { serialise } from '../../activities/engine/graph/onnx/serialise.js';

/** `ScatterND(add) float32,int64,float32 -> float32`: what an execution provider chooses a kernel by. `-` marks an operand left out. */
export function kernelOf({ operator, domain, inputs, outputs, attributes }: Node): string {
  const { reduction } = attributes;
  const name = `${domain === '' ? '' : `${domain}.`}${operator}${reduction?.kind === 'string' ? `(${reduction.value})` : ''}`;
  const types = (tensors: readonly (Tensor | null)[]): string => tensors.map((one) => one?.type ?? '-').join();
  return `${name} ${types(inputs)} -> ${types(outputs)}`;
}

/** Those of the nodes that the file of a graph has: of nodes that nothing reads there is no trace in it. */
export function kernelsIn(graph: Graph): ReadonlyMap<string, Node> {
  const read = new Set(graph.outputs.map(({ tensor }) => tensor.name));
  const found = new Map<string, Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some(({ name }) => read.has(name))) continue;
    for (const tensor of node.inputs) if (tensor) read.add(tensor.name);
    found.set(kernelOf(node), node);
  }
  return found;
}

/** A model of one node: its operands are inputs, or constants where they are so in its graph. */
export function modelOf(node: Node, { constants }: Graph): Uint8Array {
  const alone = createGraph({ differentiable: false });
  const placed = new Map<string, Tensor>();
  const place = (tensor: Tensor): Tensor => {
    const known = placed.get(tensor.name);
    if (known) return known;
    const constant = constants.find((one) => one.tensor.name === tensor.name);
    const copy = constant ? { ...tensor, graph: alone } : input(alone, tensor.name, tensor.type, tensor.shape);
    if (constant) alone.constants.push({ ...constant, tensor: copy });
    placed.set(tensor.name, copy);
    return copy;
  };
  const inputs = node.inputs.map((tensor) => tensor && place(tensor));
  const outputs = node.outputs.map((tensor): Tensor => ({ ...tensor, graph: alone }));
  alone.nodes.push({ ...node, inputs, outputs });
  outputs.forEach((tensor, index) => {
    output(tensor, `result.${index}`);
  });
  return serialise(alone);
}
