/**
 * How much memory a run of a graph takes, told from the graph itself: nodes in the order of their run, each tensor from the node that
 * makes it to the last that reads it, and the largest sum of what is alive at once. So it holds for every model, loss and length.
 *
 * onnxruntime's arena keeps freed blocks for other sizes: a process was measured to grow by 1.2 to 1.5 times this. A memory
 * budget (`memoryBudget.ts`) leaves room for it.
 */
import { at, required } from '../../invariant.js';
import { type Graph, reads, type Tensor } from '../graph/graph.js';
import { runOrder } from '../graph/runOrder.js';
import type { Dimension, Shape } from '../graph/shape.js';
import type { ParameterShapes } from '../models/languageModel.js';

/** Values of a graph's dynamic dimensions. */
export type Sizes = Readonly<Record<string, number>>;

/**
 * Bytes that one run allocates at its peak, for given sizes. Inputs and outputs are the caller's arrays and not counted. The largest tensor
 * counts once more: where something small lies in the block of one that was freed, the next of its size needs another block. Beside
 * the logits of a large vocabulary, nothing else is of that size.
 */
export type MemoryModel = (sizes: Sizes) => number;

const bytesPerElement = { float32: 4, float64: 8, int64: 8, int32: 4, bool: 1, float16: 2, bfloat16: 2 } as const;

export function memoryModel(graph: Graph): MemoryModel {
  const given = new Set(graph.outputs.map(({ tensor }) => tensor.name));
  const nodes = runOrder(graph);
  /** Reshaped tensors share the memory of what they are made from. */
  const storage = new Map<string, string>();
  const storageOf = (tensor: Tensor): string => storage.get(tensor.name) ?? tensor.name;
  const lastRead = new Map<string, number>();
  const made = new Map<string, { readonly node: number; readonly kind: number }>();
  /** Tensors of one type and shape are of one size: there are few, worked out once for each question asked. */
  const kinds: Pick<Tensor, 'type' | 'shape'>[] = [];
  const places = new Map<string, number>();
  const kindOf = ({ type, shape }: Tensor): number => {
    const name = `${type} ${shape.join()}`;
    const place = places.get(name) ?? kinds.push({ type, shape }) - 1;
    places.set(name, place);
    return place;
  };
  nodes.forEach((node, place) => {
    const { operator, inputs, outputs } = node;
    const [x] = inputs;
    for (const tensor of reads(node)) lastRead.set(storageOf(tensor), place);
    for (const tensor of outputs)
      if (operator === 'Reshape' && x) storage.set(tensor.name, storageOf(x));
      else if (!given.has(tensor.name)) made.set(tensor.name, { node: place, kind: kindOf(tensor) });
  });
  /** What a node's subgraph takes in a turn. Chunks of a fixed size (`graph/chunks.ts`) are too small to count. */
  const inside = nodes.map(({ attributes }): MemoryModel | null => {
    const bodies = Object.values(attributes).flatMap((attribute) =>
      attribute.kind === 'graph' ? [attribute.value] : [],
    );
    const [body] = bodies.filter(({ inputs }) => inputs.every(({ shape }) => shape.length !== 1));
    return body ? memoryModel(body) : null;
  });
  const making = nodes.map((): number[] => []);
  const freed = nodes.map((): number[] => []);
  for (const [name, { node, kind }] of made) {
    at(making, node).push(kind);
    // What nothing reads is freed at once.
    at(freed, lastRead.get(name) ?? node).push(kind);
  }

  return (sizes) => {
    const bytes = kinds.map(({ type, shape }) => bytesPerElement[type] * elementCount(shape, sizes));
    const largest = bytes.reduce((most, one) => Math.max(most, one), 0);
    let [alive, peak] = [0, 0];
    making.forEach((kindsMade, node) => {
      for (const kind of kindsMade) alive += at(bytes, kind);
      peak = Math.max(peak, alive + (inside[node]?.(sizes) ?? 0));
      for (const kind of at(freed, node)) alive -= at(bytes, kind);
    });
    return peak + largest;
  };
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
