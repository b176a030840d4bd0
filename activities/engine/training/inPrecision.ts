/** The graphs of training and scoring in the precision that a model is computed in. */
import { inHalfPrecision } from '../graph/precision.js';
import type { ComputeSettings } from '../weights/modelFiles.js';
import type { ModelGraph, UpdateGraph } from './graphs.js';

/** Takes a finished graph in float32, its gradients included. What it is fed and what it gives stay float32. */
export function inPrecision<Built extends ModelGraph & Partial<Pick<UpdateGraph, 'updateFrom'>>>(
  built: Built,
  compute: ComputeSettings | undefined,
): Built {
  if (compute === undefined || compute.precision === 'float32') return built;
  const fullFrom = built.updateFrom === undefined ? {} : { fullFrom: built.updateFrom };
  return { ...built, graph: inHalfPrecision(built.graph, { type: compute.precision, ...fullFrom }) };
}
