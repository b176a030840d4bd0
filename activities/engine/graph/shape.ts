/**
 * Symbolic shapes. A dimension is a number, a named dynamic dimension (`'batch'`), or a product of both (`'4*batch*time'`),
 * so that one graph serves every batch size and length and the gradient of a broadcast is still known when it is built.
 */
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

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, index) => dimension === b[index]);
}

export function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * Shape of an elementwise operation on two broadcast operands (numpy's rule).
 * @throws Error when two dimensions differ and neither is 1.
 */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - (rank - a.length)] ?? 1;
    const right = b[index - (rank - b.length)] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new Error(`shapes ${describeShape(a)} and ${describeShape(b)} do not broadcast`);
  });
}

/** Axes of `from` that a broadcast to it from `to` repeated: those to sum over in the gradient. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const extra = from.length - to.length;
  return from.flatMap((dimension, index) => {
    if (index < extra) return [index];
    return to[index - extra] === 1 && dimension !== 1 ? [index] : [];
  });
}
