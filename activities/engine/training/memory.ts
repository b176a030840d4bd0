/**
 * How much memory a run of a graph takes, told from the graph itself: nodes in their order, each tensor from the node that makes
 * it to the last that reads it, and the largest sum of what is alive at once. So it holds for every model, loss and length.
 *
 * onnxruntime's arena keeps freed blocks for other sizes: a process was measured to grow by 1.2 to 1.5 times this. `usableMemory`
 * leaves room for it.
 */
import { at, required } from '../../invariant.js';
import { type Graph, reads, type Tensor } from '../graph/graph.js';
import type { Dimension, Shape } from '../graph/shape.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { machine } from '../ort/machine.js';
import { enginesHere } from '../ort/session.js';

/** Values of a graph's dynamic dimensions. */
export type Sizes = Readonly<Record<string, number>>;

/** Bytes that one run allocates at its peak, for given sizes. Inputs and outputs are the caller's arrays and not counted. */
export type MemoryModel = (sizes: Sizes) => number;

const bytesPerElement = { float32: 4, float64: 8, int64: 8, int32: 4, bool: 1, float16: 2, bfloat16: 2 } as const;

/** The share of the machine's memory that training may take: the rest is for freed blocks kept, caches and other processes. */
const usableShare = 0.5;

/** The share that the tensors of one run may take while there is work that can be split: larger runs are no faster. */
const runShare = 1 / 8;

/** Bytes that training may plan with: fixed by the machine, whatever else runs, so that batches split alike. */
export function usableMemory(): number {
  return (usableShare * machine.memoryBytes) / enginesHere();
}

/** Bytes that one run should stay below: sessions keep what they once took, and several live side by side. */
export function runMemory(): number {
  return (runShare * machine.memoryBytes) / enginesHere();
}

export function memoryModel(graph: Graph): MemoryModel {
  const given = new Set(graph.outputs.map(({ tensor }) => tensor.name));
  const nodes = usedNodes(graph, given);
  /** Reshaped tensors share the memory of what they are made from. */
  const storage = new Map<string, string>();
  const storageOf = (tensor: Tensor): string => storage.get(tensor.name) ?? tensor.name;
  const lastRead = new Map<string, number>();
  const made = new Map<string, { readonly node: number; readonly kind: string }>();
  /** Tensors of one type and shape are of one size: there are few, worked out once for each question asked. */
  const kinds = new Map<string, Tensor>();
  nodes.forEach((node, place) => {
    const { operator, inputs, outputs } = node;
    const [x] = inputs;
    for (const tensor of reads(node)) lastRead.set(storageOf(tensor), place);
    for (const tensor of outputs)
      if (operator === 'Reshape' && x) storage.set(tensor.name, storageOf(x));
      else if (!given.has(tensor.name)) {
        const kind = `${tensor.type} ${tensor.shape.join()}`;
        kinds.set(kind, tensor);
        made.set(tensor.name, { node: place, kind });
      }
  });
  const making = nodes.map((): string[] => []);
  const freed = nodes.map((): string[] => []);
  for (const [name, { node, kind }] of made) {
    at(making, node).push(kind);
    // What nothing reads is freed at once.
    at(freed, lastRead.get(name) ?? node).push(kind);
  }

  return (sizes) => {
    const bytes = new Map(
      [...kinds].map(([kind, { type, shape }]) => [kind, bytesPerElement[type] * elementCount(shape, sizes)]),
    );
    let [alive, peak] = [0, 0];
    const bytesOf = (kind: string): number => required(bytes.get(kind), kind);
    making.forEach((kindsMade, node) => {
      for (const kind of kindsMade) alive += bytesOf(kind);
      peak = Math.max(peak, alive);
      for (const kind of at(freed, node)) alive -= bytesOf(kind);
    });
    return peak;
  };
}

/** Nodes that an output depends on: the serialiser leaves the others out. */
function usedNodes(graph: Graph, outputs: ReadonlySet<string>) {
  const used = new Set(outputs);
  const nodes = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some(({ name }) => used.has(name))) continue;
    for (const tensor of reads(node)) used.add(tensor.name);
    nodes.push(node);
  }
  return nodes.reverse();
}

/** Bytes of weights of these shapes. */
export function weightBytes(shapes: ParameterShapes): number {
  return shapes.reduce((total, [, shape]) => total + bytesPerElement.float32 * elementCount(shape, {}), 0);
}

/** Elements of a tensor whose dynamic dimensions have these sizes. */
export function elementCount(shape: Shape, sizes: Sizes): number {
  return shape
    .flatMap((dimension): Shape => (typeof dimension === 'number' ? [dimension] : dimension.split('*')))
    .reduce<number>((count, factor) => count * sizeOfDimension(factor, sizes), 1);
}

function sizeOfDimension(dimension: Dimension, sizes: Sizes): number {
  const value = Number.isNaN(Number(dimension)) ? sizes[dimension] : Number(dimension);
  return required(value, `the size of dimension ${dimension}`);
}
