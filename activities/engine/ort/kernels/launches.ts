/** How the operators of `../../graph/fusedOperators.ts` start the kernels of `fused.cu`: their results' shapes, blocks and arguments. */
import { readFileSync } from 'node:fs';
import { at, required } from '../../../invariant.js';
import { type FusedName, gainParts } from '../../graph/fusedOperators.js';
import type { Handle } from '../capi/functions.js';
import type { Argument, Kernel } from './cudaModule.js';

export const kernelSource = (): string => readFileSync(new URL('./fused.cu', import.meta.url), 'utf8');

/** A tensor on the device. */
export interface Operand {
  readonly address: Handle;
  readonly shape: readonly number[];
}

/** A run of an operator. */
export interface Call {
  readonly inputs: readonly Operand[];
  /** Gives the result its shape, and so its memory. */
  readonly result: (index: number, shape: readonly number[]) => Operand;
  /** Of the node: numbers that it was written with. */
  readonly epsilon: number;
  readonly window: number;
  readonly start: (kernel: string, blocks: number | readonly [number, number], passed: readonly Passed[]) => void;
}

type Passed = Operand | number;

/** Of each block. Kernels rely on it. */
const threads = 256;
const rowsEach = threads / 32;
const numbersEach = 8 * threads;

const product = (shape: readonly number[]): number => shape.reduce((total, size) => total * size, 1);
const blocks = (count: number, each: number): number => Math.ceil(count / each);

/** Rows and columns of a tensor as a matrix. */
function matrix({ shape }: Operand): readonly [rows: number, width: number] {
  const width = required(shape.at(-1), 'a last axis');
  return [width === 0 ? 0 : product(shape) / width, width];
}

/** The bits of a float32 as a whole number. */
function bitsOf(x: number): number {
  return at(new Int32Array(Float32Array.of(x).buffer), 0);
}

export const launches: Readonly<Record<FusedName, (call: Call) => void>> = {
  ReftNorm({ inputs, result, epsilon, start }) {
    const [x, gain] = [at(inputs, 0), at(inputs, 1)];
    const [rows, width] = matrix(x);
    const [y, scales] = [result(0, x.shape), result(1, [rows])];
    start('norm_forward', blocks(rows, rowsEach), [x, gain, y, scales, rows, width, bitsOf(epsilon)]);
  },
  ReftNormBack({ inputs, result, start }) {
    const [g, x, gain, scales] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    const [rows, width] = matrix(x);
    const [ofX, ofGain, parts] = [result(0, x.shape), result(1, gain.shape), result(2, [gainParts, width])];
    start('norm_backward', blocks(rows, rowsEach), [g, x, gain, scales, ofX, rows, width]);
    start('norm_gain', [blocks(width, threads), gainParts], [g, x, scales, parts, rows, width]);
    start('sum_rows', blocks(width, threads), [parts, ofGain, gainParts, width]);
  },
  ReftSwiGlu({ inputs, result, start }) {
    const [gate, up] = [at(inputs, 0), at(inputs, 1)];
    const count = product(gate.shape);
    start('swiglu_forward', blocks(count, numbersEach), [gate, up, result(0, gate.shape), count]);
  },
  ReftSwiGluBack({ inputs, result, start }) {
    const [g, gate, up] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const count = product(gate.shape);
    const results = [result(0, gate.shape), result(1, up.shape)];
    start('swiglu_backward', blocks(count, numbersEach), [g, gate, up, ...results, count]);
  },
  ReftCausalSoftmax({ inputs, result, window, start }) {
    const scores = at(inputs, 0);
    const [rows, time] = matrix(scores);
    start('softmax_forward', blocks(rows, rowsEach), [scores, result(0, scores.shape), rows, time, window]);
  },
  ReftCausalSoftmaxBack({ inputs, result, start }) {
    const [g, weights] = [at(inputs, 0), at(inputs, 1)];
    const [rows, time] = matrix(g);
    start('softmax_backward', blocks(rows, rowsEach), [g, weights, result(0, g.shape), rows, time]);
  },
  ReftCrossEntropy({ inputs, result, start }) {
    const [logits, labels] = [at(inputs, 0), at(inputs, 1)];
    const [rows, width] = matrix(logits);
    start('cross_entropy_forward', rows, [logits, labels, result(0, [rows]), result(1, [rows]), width]);
  },
  ReftCrossEntropyBack({ inputs, result, start }) {
    const [g, logits, labels, sums] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    const [rows, width] = matrix(logits);
    start('cross_entropy_backward', rows, [g, logits, labels, sums, result(0, logits.shape), width]);
  },
};

/** Starts kernels in a stream. Nothing is started on no blocks: of no rows there are no results. */
export function starter(kernels: ReadonlyMap<string, Kernel>, stream: Handle | null): Call['start'] {
  return (name, count, passed) => {
    const grid = typeof count === 'number' ? ([count, 1] as const) : count;
    if (grid[0] === 0) return;
    const words = passed.map((one): Argument => (typeof one === 'number' ? one : one.address));
    required(kernels.get(name), `kernel ${name}`)(grid, threads, words, stream);
  };
}
