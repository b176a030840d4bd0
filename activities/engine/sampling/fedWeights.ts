/** Weights as decoding graphs are fed them. In half precision matrices are rounded once, not at every step. */
import type { Tensor } from 'onnxruntime-node';
import { InvalidModel } from '../../errors.js';
import { createGraph, type HalfType, input, output } from '../graph/graph.js';
import { cast } from '../graph/operators.js';
import type { Precision } from '../graph/precision.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { runInPlace } from '../ort/runInPlace.js';
import type { Tensors } from '../ort/session.js';
import { float32, halves } from '../ort/tensors.js';
import type { ModelGraph } from '../training/graphs.js';
import { graphSession } from '../training/sessions.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';

/** Whether a weight is fed in half precision: gains and biases stay float32, as in training. */
export const isFedInHalf = (shape: readonly unknown[]): boolean => shape.length > 1;

/** Kept while the parameters are loaded: the next task decodes with the same. */
const rounded = new WeakMap<Parameters, Map<HalfType, Promise<Tensors>>>();

/** @throws InvalidModel when a parameter is missing. */
export function fedWeights(shapes: ParameterShapes, parameters: Parameters, precision: Precision): Promise<Tensors> {
  if (precision === 'float32') return feed(shapes, parameters, async (data, shape) => float32(data, shape));
  const known = rounded.get(parameters) ?? new Map<HalfType, Promise<Tensors>>();
  rounded.set(parameters, known);
  const weights =
    known.get(precision) ??
    feed(shapes, parameters, async (data, shape) =>
      isFedInHalf(shape) ? round(precision, data, shape) : float32(data, shape),
    );
  known.set(precision, weights);
  return weights;
}

async function feed(
  shapes: ParameterShapes,
  parameters: Parameters,
  tensorOf: (data: NamedTensor['data'], shape: readonly number[]) => Promise<Tensor>,
): Promise<Tensors> {
  const weights: Record<string, Tensor> = {};
  for (const [name, shape] of shapes) {
    const parameter = parameters.get(name);
    if (!parameter) throw new InvalidModel(`tensor ${name} is missing`);
    weights[name] = await tensorOf(parameter.data, shape);
  }
  return weights;
}

/** To the nearest, of two equally near the even one. */
async function round(type: HalfType, data: Float32Array, shape: readonly number[]): Promise<Tensor> {
  const { session } = await graphSession(`round to ${type}`, () => roundingGraph(type));
  const bits = new Uint16Array(data.length);
  const flat = [data.length];
  await runInPlace(session, { x: float32(data, flat) }, { rounded: halves(type, bits, flat) });
  return halves(type, bits, shape);
}

function roundingGraph(type: HalfType): ModelGraph {
  const graph = createGraph();
  output(cast(input(graph, 'x', 'float32', ['n']), type), 'rounded');
  return { graph, parameters: [], metrics: [], peaks: [] };
}
