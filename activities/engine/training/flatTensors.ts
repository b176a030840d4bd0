/**
 * Tensors that lie one behind the other in one array: threads hand all of them over as one, and AdamW updates them as two.
 *
 * Matrices come first, then vectors, because vectors are not decayed. What lies between tensors is zero, and stays so.
 */
import type { Tensor } from 'onnxruntime-node';
import { roundUpToChunks } from '../graph/chunks.js';
import { elementCount } from '../graph/shape.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { float32 } from '../ort/tensors.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';

/** Floats of a cache line, with which each tensor starts. */
const alignment = 16;
const floatBytes = 4;

/** An array of zeros with a place for each tensor. */
export function flatArray(shapes: ParameterShapes): ArrayBuffer {
  return new ArrayBuffer(floatBytes * kindsOf(shapes).reduce((total, { size }) => total + size, 0));
}

/** The tensors in an array, by name. */
export function tensorsIn(array: ArrayBuffer, shapes: ParameterShapes): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(viewsIn(array, shapes).map(([name, { data, shape }]) => [name, float32(data, shape)]));
}

/** All matrices in an array as one tensor, all vectors as another. */
export function kindsIn(array: ArrayBuffer, shapes: ParameterShapes): Readonly<Record<string, Tensor>> {
  let start = 0;
  return Object.fromEntries(
    kindsOf(shapes).map(({ kind, size, shape }) => {
      const data = new Float32Array(array, floatBytes * start, size);
      start += size;
      return [kind, float32(data, shape)];
    }),
  );
}

/** The shapes of `kindsIn`. */
export function kindShapes(shapes: ParameterShapes): ParameterShapes {
  return kindsOf(shapes).map(({ kind, shape }) => [kind, shape]);
}

/**
 * Copies tensors into a new array.
 * @returns the array, and the tensors as they lie there; those that have no place in it as they were.
 */
export function layFlat(
  tensors: Parameters,
  shapes: ParameterShapes,
): { readonly array: ArrayBuffer; readonly tensors: Parameters } {
  const array = flatArray(shapes);
  const views = viewsIn(array, shapes);
  for (const [name, { data }] of views) data.set(tensors.get(name)?.data ?? []);
  return { array, tensors: new Map([...tensors, ...views]) };
}

function viewsIn(array: ArrayBuffer, shapes: ParameterShapes): [name: string, NamedTensor][] {
  let kindStart = 0;
  return kindsOf(shapes).flatMap(({ members, size }) => {
    let start = kindStart;
    kindStart += size;
    return members.map(([name, shape]): [string, NamedTensor] => {
      const data = new Float32Array(array, floatBytes * start, elementCount(shape));
      start += space(shape);
      return [name, { shape, data }];
    });
  });
}

/** Matrices and vectors, as far as there are any. */
function kindsOf(shapes: ParameterShapes) {
  return (['matrices', 'vectors'] as const).flatMap((kind) => {
    const members = shapes.filter(([, shape]) => (kind === 'matrices') === shape.length > 1);
    const size = roundUpToChunks(members.reduce((total, [, shape]) => total + space(shape), 0));
    return size === 0 ? [] : [{ kind, members, size, shape: kind === 'matrices' ? [1, size] : [size] }];
  });
}

/** In floats. */
function space(shape: readonly number[]): number {
  return Math.ceil(elementCount(shape) / alignment) * alignment;
}
