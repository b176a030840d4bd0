/** The mask that is added to scores, so that no query sees a key behind its own place. */
import { append, constant, type Graph, type Tensor } from './graph.js';
import { add, full } from './operators.js';
import type { Dimension } from './shape.js';

/** Added to a score that must not count: far below any score, and finite in float32. */
export const masked = -1e9;

/**
 * `[time, time]`: `masked` above the diagonal, where a key lies after its query, and where it lies `window` positions or more before
 * it; 0 elsewhere.
 */
export function causalMask(graph: Graph, time: Dimension, window: number | null): Tensor {
  const type = 'float32';
  const all = full(graph, type, [time, time], masked);
  const triangle = (diagonal: number, upper: 0 | 1): Tensor => {
    const operands = [all, constant(graph, 'int64', [], [diagonal])];
    return append(graph, 'Trilu', operands, { type, shape: all.shape }, { upper: { kind: 'int', value: upper } });
  };
  const ahead = triangle(1, 1);
  return window === null ? ahead : add(ahead, triangle(-window, 0));
}
