/**
 * Symbolic shapes. A dimension is a number, a named dynamic dimension (`'batch'`), or a product of both (`'4*batch*time'`),
 * so that one graph serves every batch size and length and the gradient of a broadcast is still known when it is built.
 */
import { InternalError } from '../../errors.js';
import { at } from '../../invariant.js';

export type Dimension = number | string;
export type Shape = readonly Dimension[];

/** The product of dimensions in canonical form: factors sorted, the number first, a pure number where nothing is dynamic. */
export function product(dimensions: Shape): Dimension {
  let coefficient = 1;
  const symbols: string[] = [];
  for (const dimension of dimensions) {
    if (typeof dimension === 'number') coefficient *= dimension;
    else
      for (const factor of dimension.split('*')) {
        if (/^\d+$/.test(factor)) coefficient *= Number(factor);
        else symbols.push(factor);
      }
  }
  if (symbols.length === 0) return coefficient;
  symbols.sort();
  return [...(coefficient === 1 ? [] : [String(coefficient)]), ...symbols].join('*');
}

/** The number of elements of a shape without dynamic dimensions. */
export function elementCount(shape: Shape): number {
  return shape.reduce<number>((total, dimension) => total * Number(dimension), 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, index) => dimension === b[index]);
}

export function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * Shape of an elementwise operation on two broadcast operands (NumPy's rule).
 * @throws InternalError when two dimensions differ and neither is 1.
 */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  /** The shorter shape is filled up with ones at its front. */
  const filled = (shape: Shape): Shape => [...new Array<Dimension>(rank - shape.length).fill(1), ...shape];
  const [lefts, rights] = [filled(a), filled(b)];
  return lefts.map((left, axis) => {
    const right = at(rights, axis);
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new InternalError(`shapes ${describeShape(a)} and ${describeShape(b)} do not broadcast`);
  });
}

/** The axes of `from` that broadcasting `to` to `from` repeats. The gradient of the broadcast is the sum over them. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const extra = from.length - to.length;
  return from.flatMap((dimension, index) => {
    if (index < extra) return [index];
    return to[index - extra] === 1 && dimension !== 1 ? [index] : [];
  });
}
