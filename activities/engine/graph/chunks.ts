/**
 * Elementwise formulas over large arrays, computed chunk by chunk (ONNX's Scan). Intermediate results of a chunk stay in the
 * processor's cache; those of whole arrays would go to memory and back at every operator.
 */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';
import { appendMany, createGraph, input, output, type Tensor } from './graph.js';
import { reshape } from './operators.js';
import { describeShape, elementCount } from './shape.js';

/** Floats of a chunk. The upper bound: four chunks and AdamW's intermediate results fit the cache. The lower: all cores are busy. */
const largestChunk = 300_000;
const smallestChunk = 100_000;

/** Into how many equal chunks an array is cut: 1 where it is small, or has no divisor that gives chunks of a good size. */
export function chunkCount({ shape }: Tensor): number {
  const size = elementCount(shape);
  for (let chunks = Math.ceil(size / largestChunk); size / chunks >= smallestChunk; chunks++)
    if (size % chunks === 0) return chunks;
  return 1;
}

/** The smallest number from `size` on that can be cut into equal chunks of a good size. */
export function roundUpToChunks(size: number): number {
  const chunks = Math.max(1, Math.ceil(size / largestChunk));
  return Math.ceil(size / chunks) * chunks;
}

type Named<Name extends string> = Readonly<Record<Name, Tensor>>;

/**
 * Applies an elementwise formula chunk by chunk.
 * @param operands of one shape.
 * @param formula given the same chunk of each operand, `[size / chunks]`, it gives that chunk of each result. It may read scalars
 * of the outer graph, but not as the first operand of an operator: that one says which graph the node is appended to.
 * @returns results of shape `[chunks, size / chunks]`.
 * @throws InternalError when the operands cannot be cut into so many equal chunks.
 */
export function inChunks<Operand extends string, Result extends string>(
  operands: Named<Operand>,
  chunks: number,
  formula: (chunk: Named<Operand>) => Named<Result>,
): Named<Result> {
  const all = Object.entries<Tensor>(operands);
  const [, { graph, type, shape }] = at(all, 0);
  const size = elementCount(shape) / chunks;
  if (!Number.isInteger(size))
    throw new InternalError(`${describeShape(shape)} cannot be cut into ${chunks} equal chunks`);
  const stacked = all.map(([, operand]) => reshape(operand, [chunks, size]));
  // Names go on from those of the outer graph: ONNX looks up there what a body reads and does not make itself.
  const body = { ...createGraph({ differentiable: false }), counter: graph.counter };
  const chunk = all.map(([name]) => [name, input(body, `chunk_${body.counter++}`, type, [size])]);
  const results = Object.entries<Tensor>(formula(Object.fromEntries(chunk)));
  for (const [, tensor] of results) output(tensor, tensor.name);
  graph.counter = body.counter;
  const outputs = appendMany(
    graph,
    'Scan',
    stacked,
    results.map(() => ({ type, shape: [chunks, size] })),
    { body: { kind: 'graph', value: body }, num_scan_inputs: { kind: 'int', value: stacked.length } },
  );
  return Object.fromEntries(results.map(([name], index) => [name, outputs[index]])) as Named<Result>;
}
