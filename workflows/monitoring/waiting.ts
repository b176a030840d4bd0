/**
 * Steps that wait for what a person has to mend: a full disk, denied access, a scorer that is away.
 *
 * The activity tells its workflow by a signal, and Temporal tries it again every minute. Whoever has mended it need not wait for that: the
 * update `resume` gives the step up where it is and begins it anew. Nothing of this outlives the execution, which ends only
 * between steps.
 */
import { CancellationScope, isCancellation, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import type { Waiting } from '../config/signals.js';

interface Step {
  /** It is given up by cancelling this. */
  readonly scope: CancellationScope;
  reason?: string;
}

/** Those under way, by activity id. */
const steps = new Map<string, Step>();
const begunAnew = new Set<CancellationScope>();
let onChange = (): void => undefined;

/** Knows each step's id, which is the number of its activity: none is given another. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      async scheduleActivity(input, next) {
        const id = String(input.seq);
        steps.set(id, { scope: CancellationScope.current() });
        try {
          return await next(input);
        } finally {
          const waited = steps.get(id)?.reason !== undefined;
          steps.delete(id);
          if (waited) onChange();
        }
      },
    },
  ],
});

/** Does a step, an activity that `schedule` schedules, and begins it anew as often as `beginAnew` asks for it. */
export async function untilDone<T>(schedule: () => Promise<T>): Promise<T> {
  for (;;) {
    const scope = new CancellationScope();
    try {
      return await scope.run(schedule);
    } catch (error) {
      if (!isCancellation(error) || !begunAnew.delete(scope)) throw error;
    }
  }
}

/** @param listener called when there is another reason to wait, or one fewer */
export function onWaiting(listener: () => void): void {
  onChange = listener;
}

/** A step that has ended meanwhile waits for nothing. */
export function noteWaiting({ step, reason }: Waiting): void {
  const waiting = steps.get(step);
  if (waiting === undefined) return;
  waiting.reason = reason;
  onChange();
}

/** What is waited for, each reason once. */
export function waitingReasons(): readonly string[] {
  return [...new Set([...steps.values()].flatMap(({ reason }) => reason ?? []))];
}

/** Begins those that wait anew, at once. */
export function beginAnew(): void {
  for (const { scope, reason } of [...steps.values()]) {
    if (reason === undefined) continue;
    begunAnew.add(scope);
    scope.cancel();
  }
}
