/** Where metrics go to, as another tool reads them. */
import type { CurvePoint } from '../../activities/report/types.js';

export interface MetricSink {
  /** In words: what has been written where. */
  readonly place: string;
  write(points: readonly CurvePoint[]): Promise<void>;
  /** @param state of the run, as Temporal names it: `COMPLETED`, `RUNNING`, … */
  close(state: string): Promise<void>;
}
