/** Where two specifications differ, field by field. */
import { isRecord } from './explain.js';

export interface Difference {
  /** As in messages: `ppo.epochs`. */
  readonly path: string;
  /** `undefined` where only the other has the field. */
  readonly own: unknown;
  readonly other: unknown;
}

/** Nested objects are compared by their fields; lists and all else as a whole. */
export function differences(own: unknown, other: unknown, path = ''): readonly Difference[] {
  if (!isRecord(own) || !isRecord(other))
    return JSON.stringify(own) === JSON.stringify(other) ? [] : [{ path, own, other }];
  return [...new Set([...Object.keys(own), ...Object.keys(other)])].flatMap((key) =>
    differences(own[key], other[key], path === '' ? key : `${path}.${key}`),
  );
}
