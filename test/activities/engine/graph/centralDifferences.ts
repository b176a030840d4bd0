/**
 * Holds a gradient rule against central differences: the graph's reverse mode runs in float32, as in training, and the
 * differences are taken of the same forward graph in float64, where their own error is some 1e-10.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { gradients } from '../../../../activities/engine/graph/gradients.js';
import {
  append,
  createGraph,
  type ElementType,
  type Graph,
  input,
  output,
  type Tensor,
} from '../../../../activities/engine/graph/graph.js';
import { serialise } from '../../../../activities/engine/graph/onnx/serialise.js';
import { multiply, sum } from '../../../../activities/engine/graph/operators.js';
import type { Shape } from '../../../../activities/engine/graph/shape.js';
import { createSession } from '../../../../activities/engine/ort/session.js';
import { relativeError } from '../../../reference/fixtures.js';

type Values = Readonly<Record<string, readonly number[]>>;

/** One use of an operator. The loss is the sum of its result, weighted by random numbers. */
export interface GradientCase {
  readonly name: string;
  /** Differentiable inputs. Values are drawn from `[from, to)`, by default from −1 to 1. */
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly from?: number; readonly to?: number }>>;
  /** Sizes of the dynamic dimensions in shapes. */
  readonly sizes?: Readonly<Record<string, number>>;
  readonly indices?: Readonly<Record<string, { readonly shape: Shape; readonly values: readonly number[] }>>;
  readonly build: (tensors: (name: string) => Tensor, type: ElementType) => Tensor;
  /** The forward in float64 for operators that onnxruntime has in float32 only. */
  readonly forward?: (values: (name: string) => readonly number[]) => readonly number[];
}

const step = 1e-5;

/** The forward graph of a case, for the list of operators it covers. */
export function forwardGraph(gradientCase: GradientCase, type: ElementType): { graph: Graph; result: Tensor } {
  const graph = createGraph();
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape }] of Object.entries(gradientCase.inputs))
    tensors.set(name, input(graph, name, type, shape));
  for (const [name, { shape }] of Object.entries(gradientCase.indices ?? {}))
    tensors.set(name, input(graph, name, 'int64', shape));
  return { graph, result: gradientCase.build((name) => required(tensors.get(name), name), type) };
}

/** Largest error of each input's gradient, relative to the gradient's largest element. */
export async function gradientErrors(gradientCase: GradientCase): Promise<Record<string, number>> {
  const draw = uniform(gradientCase.name);
  const values: Record<string, readonly number[]> = {};
  for (const [name, { shape, from = -1, to = 1 }] of Object.entries(gradientCase.inputs))
    values[name] = Array.from({ length: count(shape, gradientCase) }, () => Math.fround(from + (to - from) * draw()));

  const forward = await exactForward(gradientCase);
  const size = (await forward.run(values)).length;
  const weights = Array.from({ length: size }, () => Math.fround(0.5 + draw()));
  const loss = async (changed: Values): Promise<number> =>
    (await forward.run(changed)).reduce((total, y, index) => total + y * (weights[index] ?? 0), 0);

  const reverse = await reverseMode(gradientCase, values, weights);
  const errors: Record<string, number> = {};
  for (const [name, original] of Object.entries(values)) {
    const differences: number[] = [];
    for (let index = 0; index < original.length; index++) {
      const above = await loss({ ...values, [name]: moved(original, index, step) });
      const below = await loss({ ...values, [name]: moved(original, index, -step) });
      differences.push((above - below) / (2 * step));
    }
    errors[name] = relativeError(reverse[name] ?? [], differences);
  }
  await forward.release();
  return errors;
}

async function exactForward(
  gradientCase: GradientCase,
): Promise<{ run: (values: Values) => Promise<readonly number[]>; release: () => Promise<void> }> {
  const plain = gradientCase.forward;
  if (plain)
    return { run: async (values) => plain((name) => required(values[name], name)), release: async () => undefined };
  const { graph, result } = forwardGraph(gradientCase, 'float64');
  output(result, 'result');
  const session = await createSession(serialise(graph));
  return {
    run: async (values) => {
      const outputs = await session.run(feeds(gradientCase, values, 'float64'));
      return numbersOf(outputs.result);
    },
    release: () => session.release(),
  };
}

async function reverseMode(
  gradientCase: GradientCase,
  values: Values,
  weights: readonly number[],
): Promise<Record<string, readonly number[]>> {
  const { graph, result } = forwardGraph(gradientCase, 'float32');
  const upstream = input(graph, 'weights', 'float32', result.shape);
  const names = Object.keys(gradientCase.inputs);
  const parameters = names.map((name) =>
    required(
      graph.inputs.find((tensor) => tensor.name === name),
      name,
    ),
  );
  gradients(sum(multiply(result, upstream)), parameters).forEach((gradient, index) => {
    // Two inputs may share one gradient tensor, and an output needs a node of its own.
    output(append(graph, 'Identity', [gradient], gradient), `gradient of ${names[index]}`);
  });
  const session = await createSession(serialise(graph));
  const dimensions = result.shape.map((dimension) => resolve(dimension, gradientCase));
  const outputs = await session.run({
    ...feeds(gradientCase, values, 'float32'),
    weights: new OrtTensor('float32', Float32Array.from(weights), dimensions),
  });
  await session.release();
  return Object.fromEntries(names.map((name) => [name, numbersOf(outputs[`gradient of ${name}`])]));
}

function feeds(gradientCase: GradientCase, values: Values, type: 'float32' | 'float64'): InferenceSession.FeedsType {
  const result: Record<string, OrtTensor> = {};
  const dimensions = (shape: Shape): number[] => shape.map((dimension) => resolve(dimension, gradientCase));
  for (const [name, { shape }] of Object.entries(gradientCase.inputs)) {
    const numbers = required(values[name], name);
    result[name] =
      type === 'float32'
        ? new OrtTensor('float32', Float32Array.from(numbers), dimensions(shape))
        : new OrtTensor('float64', Float64Array.from(numbers), dimensions(shape));
  }
  for (const [name, { shape, values: indices }] of Object.entries(gradientCase.indices ?? {}))
    result[name] = new OrtTensor('int64', BigInt64Array.from(indices, BigInt), dimensions(shape));
  return result;
}

function numbersOf(tensor: OrtTensor | undefined): readonly number[] {
  if (tensor?.data instanceof Float32Array || tensor?.data instanceof Float64Array) return Array.from(tensor.data);
  throw new Error(`expected floating-point numbers, got ${tensor?.type}`);
}

/** A dynamic dimension's size: each of its factors looked up or read as a number. */
function resolve(dimension: number | string, gradientCase: GradientCase): number {
  if (typeof dimension === 'number') return dimension;
  return dimension.split('*').reduce((product, factor) => {
    const size = gradientCase.sizes?.[factor] ?? Number(factor);
    return product * size;
  }, 1);
}

function count(shape: Shape, gradientCase: GradientCase): number {
  return shape.reduce<number>((product, dimension) => product * resolve(dimension, gradientCase), 1);
}

function moved(values: readonly number[], index: number, by: number): readonly number[] {
  return values.with(index, (values[index] ?? 0) + by);
}

/** Numbers in [0, 1) that depend on the case's name alone (a linear congruential generator). */
function uniform(name: string): () => number {
  let state = Array.from(name).reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) >>> 0, 7);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new Error(`no ${name}`);
  return value;
}
