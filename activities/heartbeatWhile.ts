/**
 * Heartbeats while an activity works: its progress, each second. The activity's cancellation becomes an AbortSignal for the work.
 *
 * Heartbeats let Temporal notice a killed worker within seconds, and bring cancellations to the activity. They come from the worker
 * and say for how long its work has been quiet; whether the work hangs is watched where it is done, in the processes of the engine
 * (`engine/process/hang.ts`) and of the sandbox. Only the activity files in this folder use this; the rooms below take plain
 * `onProgress` callbacks and AbortSignals.
 */
import { asyncLocalStorage } from '@temporalio/activity';

/** The payload of a heartbeat: shown in the UI under Pending Activities, and read by a retry. */
export interface ActivityProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /** Whole seconds since the work last told of any progress. */
  readonly quietSeconds: number;
}

const heartbeatIntervalMs = 1_000;

/** Takes how much is done of how much in all, in another unit where the work has several parts. It may be called any number of times. */
export type ReportProgress = (done: number, total: number, unit?: string) => void;

/**
 * Runs `work`, heartbeating each second with the latest progress in `unit` (`answers`, `batches`, …).
 *
 * `signal` aborts when the activity is cancelled or its worker shuts down. When the work then fails, with any error, the activity
 * ends as cancelled. Outside an activity (in a benchmark or a test) the work simply runs.
 *
 * @throws what `work` throws; `CancelledFailure` after a cancellation.
 */
export async function heartbeatWhile<T>(
  unit: string,
  work: (report: ReportProgress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = asyncLocalStorage.getStore();
  if (context === undefined) return work(() => undefined, new AbortController().signal);

  let progress = { done: 0, total: 0, unit };
  let toldAt = performance.now();
  const beat = (): void => {
    const quietSeconds = Math.floor((performance.now() - toldAt) / 1_000);
    context.heartbeat({ ...progress, quietSeconds } satisfies ActivityProgress);
  };
  beat();
  const timer = setInterval(beat, heartbeatIntervalMs);
  try {
    return await work((done, total, ofPart = unit) => {
      progress = { done, total, unit: ofPart };
      toldAt = performance.now();
    }, context.cancellationSignal);
  } catch (error) {
    // An aborted engine task fails with its own error; Temporal must see a cancellation, not a failure to retry.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
