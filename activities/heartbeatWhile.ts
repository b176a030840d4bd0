/**
 * Keeps Temporal informed while an activity works: a heartbeat each second with how far it is, and the activity's
 * cancellation handed to the work as an AbortSignal.
 *
 * Heartbeats are how a killed worker is noticed within seconds and how a cancellation reaches the activity at all. Only the
 * activity files in this folder use this; the rooms below them take plain `onProgress` callbacks and AbortSignals.
 */
import { asyncLocalStorage } from '@temporalio/activity';

/** Progress an activity heartbeats: shown in the UI under Pending Activities, and read by a retry. */
export interface ActivityProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

const heartbeatIntervalMs = 1_000;

/** Tells how much is done of how much in all; cheap, may be called as often as wanted. */
export type ReportProgress = (done: number, total: number) => void;

/**
 * Runs `work`, heartbeating each second with the latest progress in `unit` (`answers`, `batches`, …).
 *
 * `signal` aborts when the activity is cancelled or its worker shuts down; work that then rejects, with whatever error,
 * makes the activity end as cancelled. Outside an activity (a benchmark, a test) the work simply runs.
 *
 * @throws what `work` throws; `CancelledFailure` after a cancellation.
 */
export async function heartbeatWhile<T>(
  unit: string,
  work: (report: ReportProgress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = asyncLocalStorage.getStore();
  if (context === undefined) return work(() => undefined, new AbortController().signal);

  let progress: ActivityProgress = { done: 0, total: 0, unit };
  context.heartbeat(progress);
  const timer = setInterval(() => context.heartbeat(progress), heartbeatIntervalMs);
  try {
    return await work((done, total) => {
      progress = { done, total, unit };
    }, context.cancellationSignal);
  } catch (error) {
    // An aborted engine task fails with its own error; Temporal must see a cancellation, not a failure to retry.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
