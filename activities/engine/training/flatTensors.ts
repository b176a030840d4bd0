/**
 * Tensors that lie one behind the other in one array: threads hand all of them over as one, and an optimiser updates those of an
 * elementwise rule as one.
 *
 * A group is what the optimiser updates at once: all parameters of an elementwise rule, or one parameter of another rule. What
 * lies between tensors is zero, and stays so where zero gradients do not change a zero.
 */
import type { Tensor } from 'onnxruntime-node';
import { at, required } from '../../invariant.js';
import { roundUpToChunks } from '../graph/chunks.js';
import { elementCount } from '../graph/shape.js';
import type { ParameterShapes } from '../models/languageModel.js';
import type { Optimiser } from '../optim/optimiser.js';
import { float32 } from '../ort/tensors.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';
import type { UpdatedTensor } from './graphs.js';

/** Floats of a cache line, with which each tensor starts. */
const alignment = 16;
const floatBytes = 4;

/** Tensors that lie one behind the other. Of several, `shape` is `[size]`, the gaps between them included. */
export interface Group extends UpdatedTensor {
  readonly members: ParameterShapes;
}

/** Groups in the order in which they lie in an array. Plain data: it goes to worker threads. */
export type FlatLayout = readonly Group[];

/** Groups in the order of their first parameters. */
export function flatLayout(shapes: ParameterShapes, { ruleOf }: Pick<Optimiser, 'ruleOf'>): FlatLayout {
  const groups = new Map<string, { readonly rule: Group['rule']; readonly members: ParameterShapes[number][] }>();
  for (const [name, shape] of shapes) {
    const rule = ruleOf(name, shape);
    const key = rule.elementwise ? rule.name : name;
    const group = groups.get(key) ?? { rule, members: [] };
    group.members.push([name, shape]);
    groups.set(key, group);
  }
  return Array.from(groups, ([name, { rule, members }]) => {
    if (!rule.elementwise) return { name, rule, members, shape: at(members, 0)[1] };
    const size = roundUpToChunks(members.reduce((total, [, shape]) => total + space(shape), 0));
    return { name, rule, members, shape: [size] };
  });
}

/** The groups whose parameters have a state tensor of this name. */
export function groupsWith(layout: FlatLayout, state: string): FlatLayout {
  return layout.filter(({ rule }) => rule.state.includes(state));
}

/** An array of zeros with a place for each tensor. */
export function flatArray(layout: FlatLayout): ArrayBuffer {
  return new ArrayBuffer(floatBytes * layout.reduce((total, group) => total + extent(group), 0));
}

/** The tensors in an array, by name. */
export function tensorsIn(array: ArrayBuffer, layout: FlatLayout): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(viewsIn(array, layout).map(([name, { data, shape }]) => [name, float32(data, shape)]));
}

/** The groups in an array as one tensor each, by name. */
export function groupsIn(array: ArrayBuffer, layout: FlatLayout): Readonly<Record<string, Tensor>> {
  let start = 0;
  return Object.fromEntries(
    layout.map((group) => {
      const { name, shape } = group;
      const data = new Float32Array(array, floatBytes * start, elementCount(shape));
      start += extent(group);
      return [name, float32(data, shape)];
    }),
  );
}

/**
 * Copies tensors into a new array.
 * @param prefix of the tensors' names: the layout has the parameters' own.
 * @returns the array, and the tensors as they lie there, under their own names.
 */
export function layFlat(
  tensors: Parameters,
  layout: FlatLayout,
  prefix = '',
): { readonly array: ArrayBuffer; readonly tensors: Parameters } {
  const array = flatArray(layout);
  const views = viewsIn(array, layout).map(([name, view]) => [prefix + name, view] as const);
  for (const [name, { data }] of views) data.set(required(tensors.get(name), `tensor ${name}`).data);
  return { array, tensors: new Map(views) };
}

function viewsIn(array: ArrayBuffer, layout: FlatLayout): [name: string, NamedTensor][] {
  let groupStart = 0;
  return layout.flatMap((group) => {
    let start = groupStart;
    groupStart += extent(group);
    return group.members.map(([name, shape]): [string, NamedTensor] => {
      const data = new Float32Array(array, floatBytes * start, elementCount(shape));
      start += space(shape);
      return [name, { shape, data }];
    });
  });
}

/** Floats from a group's start to the next group's. */
function extent({ rule, shape }: Group): number {
  return rule.elementwise ? elementCount(shape) : space(shape);
}

/** Floats from a tensor's start to the next tensor's. */
function space(shape: readonly number[]): number {
  return Math.ceil(elementCount(shape) / alignment) * alignment;
}
