/**
 * Elementwise formulas over large arrays, computed piece by piece (ONNX's Scan): what a formula has in between stays in the
 * processor's cache, where whole arrays would go to memory and back at every operation.
 */
import { appendMany, createGraph, input, output, type Tensor } from './graph.js';
import { reshape } from './operators.js';
import { describeShape, type Shape } from './shape.js';

/** Floats of a piece: four of them and what AdamW has in between lie in the cache, and all cores are at work on each. */
const largestPiece = 300_000;
const smallestPiece = 100_000;

/** In how many pieces an array is best computed: 1 where it is small enough, or does not come in pieces of a good size. */
export function piecesOf({ shape }: Tensor): number {
  const size = elementCount(shape);
  for (let pieces = Math.ceil(size / largestPiece); size / pieces >= smallestPiece; pieces++)
    if (size % pieces === 0) return pieces;
  return 1;
}

/** The smallest size from `size` on that comes in pieces of a good size. */
export function sizeInPieces(size: number): number {
  const pieces = Math.max(1, Math.ceil(size / largestPiece));
  return Math.ceil(size / pieces) * pieces;
}

/** Tensors by what they are to a formula. */
type Named<Name extends string> = Readonly<Record<Name, Tensor>>;

/**
 * @param operands of one shape.
 * @param formula elementwise: given the same piece of each operand, `[size / pieces]`, it gives that piece of each result. It may
 * read scalars of the graph around it, not as a first operand.
 * @returns results of shape `[pieces, size / pieces]`.
 * @throws Error when the operands do not come in so many equal pieces.
 */
export function inPieces<Operand extends string, Result extends string>(
  operands: Named<Operand>,
  pieces: number,
  formula: (piece: Named<Operand>) => Named<Result>,
): Named<Result> {
  const all = Object.entries<Tensor>(operands);
  const [, first] = all[0] ?? [];
  if (!first) throw new Error('a formula of nothing');
  const { graph, type, shape } = first;
  const size = elementCount(shape) / pieces;
  if (!Number.isInteger(size)) throw new Error(`${describeShape(shape)} does not come in ${pieces} equal pieces`);
  const stacked = all.map(([, operand]) => reshape(operand, [pieces, size]));
  // Its names go on from the graph's: what a body reads and does not make itself is looked up in the graph around it.
  const body = { ...createGraph({ differentiable: false }), counter: graph.counter };
  const piece = all.map(([name]) => [name, input(body, `piece_${body.counter++}`, type, [size])]);
  const results = Object.entries<Tensor>(formula(Object.fromEntries(piece)));
  for (const [, tensor] of results) output(tensor, tensor.name);
  graph.counter = body.counter;
  const outputs = appendMany(
    graph,
    'Scan',
    stacked,
    results.map(() => ({ type, shape: [pieces, size] })),
    { body: { kind: 'graph', value: body }, num_scan_inputs: { kind: 'int', value: stacked.length } },
  );
  return Object.fromEntries(results.map(([name], index) => [name, outputs[index]])) as Named<Result>;
}

/** Of a shape that says every dimension. */
export function elementCount(shape: Shape): number {
  return shape.reduce<number>((total, dimension) => total * Number(dimension), 1);
}
