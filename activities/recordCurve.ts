/**
 * The activity `recordCurve`: moves curve points out of the workflow into S3, so that its history stays small.
 *
 * Each object holds the whole curve so far, one point a line; run again, it writes the same object.
 */

import { heartbeatWhile } from './heartbeatWhile.js';
import type { CurvePoint } from './report/types.js';
import type { ObjectRef, Store } from './store/types.js';

/** Appends curve points to the run's chain of metrics objects, so that workflow history stays small. */
export interface RecordCurveInput {
  readonly previous: ObjectRef | null;
  readonly points: readonly CurvePoint[];
}

export function createRecordCurve({ store }: { readonly store: Store }) {
  return ({ previous, points }: RecordCurveInput): Promise<ObjectRef> =>
    heartbeatWhile('points', async () => store.putLines([...(await readCurve(store, previous)), ...points]));
}

/** The points of a recorded curve, in the order they were recorded; none without a curve. */
export async function readCurve(store: Store, curve: ObjectRef | null): Promise<readonly CurvePoint[]> {
  // Only recordCurve writes these objects, and the store has checked their hash.
  return curve === null ? [] : ((await store.getLines(curve)) as CurvePoint[]);
}
