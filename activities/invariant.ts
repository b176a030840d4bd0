/** For what cannot be missing: the value, or `InternalError`, which is not retried and says that it is a bug. Pure. */
import { InternalError } from './errors.js';

/** The element at `index`, counted from the end where negative. */
export function at<T>(items: ArrayLike<T>, index: number): T {
  const place = index < 0 ? items.length + index : index;
  const item = items[place];
  if (item === undefined) throw new InternalError(`no element ${index} among ${items.length}`);
  return item;
}

/** The elements at these indices, in this order. */
export function allAt<T>(items: ArrayLike<T>, indices: readonly number[]): T[] {
  return indices.map((index) => at(items, index));
}

/** @param what names the value in the error's message. */
export function required<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new InternalError(`${what} is missing`);
  return value;
}
