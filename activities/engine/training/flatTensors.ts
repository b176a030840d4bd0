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
  /** Floats from its start to the next group's. */
  readonly extent: number;
}

/** Groups in the order in which they lie in an array. Plain data: it goes to worker threads. */
export type FlatLayout = readonly Group[];

/**
 * Groups in the order of their first parameters.
 * @param alignedTo floats: groups start at multiples of it. Left out, they follow each other in the chunks of `chunks.ts`.
 */
export function flatLayout(
  shapes: ParameterShapes,
  { ruleOf }: Pick<Optimiser, 'ruleOf'>,
  alignedTo?: number,
): FlatLayout {
  const groups = new Map<string, { readonly rule: Group['rule']; readonly members: ParameterShapes[number][] }>();
  for (const [name, shape] of shapes) {
    const rule = ruleOf(name, shape);
    const key = rule.elementwise ? rule.name : name;
    const group = groups.get(key) ?? { rule, members: [] };
    group.members.push([name, shape]);
    groups.set(key, group);
  }
  return Array.from(groups, ([name, { rule, members }]) => {
    const spaces = members.reduce((total, [, shape]) => total + space(shape), 0);
    const aligned = alignedTo && Math.ceil(spaces / alignedTo) * alignedTo;
    if (!rule.elementwise) return { name, rule, members, shape: at(members, 0)[1], extent: aligned ?? spaces };
    const size = aligned ?? roundUpToChunks(spaces);
    return { name, rule, members, shape: [size], extent: size };
  });
}

/** The groups whose parameters have a state tensor of this name. */
export function groupsWith(layout: FlatLayout, state: string): FlatLayout {
  return layout.filter(({ rule }) => rule.state.includes(state));
}

/** An array of zeros with a place for each tensor. */
export function flatArray(layout: FlatLayout): ArrayBuffer {
  return new ArrayBuffer(bytesOf(layout));
}

function bytesOf(layout: FlatLayout): number {
  return floatBytes * layout.reduce((total, { extent }) => total + extent, 0);
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
      start += group.extent;
      return [name, float32(data, shape)];
    }),
  );
}

/**
 * Copies tensors into a new array; tensors that lie so already stay where they are.
 * @param prefix of the tensors' names: the layout has the parameters' own.
 * @returns the array, and the tensors as they lie there, under their own names.
 */
export function layFlat(
  tensors: Parameters,
  layout: FlatLayout,
  prefix = '',
): { readonly array: ArrayBuffer; readonly tensors: Parameters } {
  const given = (name: string): NamedTensor => required(tensors.get(prefix + name), `tensor ${prefix}${name}`);
  const known = arrayOf(layout, given);
  const array = known ?? flatArray(layout);
  const views = viewsIn(array, layout);
  if (known === undefined) for (const [name, { data }] of views) data.set(given(name).data);
  return { array, tensors: new Map(views.map(([name, view]) => [prefix + name, view])) };
}

/** The array in which tensors lie as a layout says, and nothing else does. */
function arrayOf(layout: FlatLayout, given: (name: string) => NamedTensor): ArrayBuffer | undefined {
  const [first] = layout;
  if (first === undefined) return undefined;
  const { buffer } = given(at(first.members, 0)[0]).data;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== bytesOf(layout)) return undefined;
  const lieThere = viewsIn(buffer, layout).every(([name, { data }]) => {
    const tensor = given(name).data;
    return tensor.buffer === buffer && tensor.byteOffset === data.byteOffset && tensor.length === data.length;
  });
  return lieThere ? buffer : undefined;
}

function viewsIn(array: ArrayBuffer, layout: FlatLayout): [name: string, NamedTensor][] {
  let groupStart = 0;
  return layout.flatMap((group) => {
    let start = groupStart;
    groupStart += group.extent;
    return group.members.map(([name, shape]): [string, NamedTensor] => {
      const data = new Float32Array(array, floatBytes * start, elementCount(shape));
      start += space(shape);
      return [name, { shape, data }];
    });
  });
}

/** Floats from a tensor's start to the next tensor's. */
function space(shape: readonly number[]): number {
  return Math.ceil(elementCount(shape) / alignment) * alignment;
}
