/** What the histories of a run say: which steps it did, how often each was tried, how long each took. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** A step that is done. */
export interface Step {
  /** Its activity, and what Temporal's UI calls it. */
  readonly name: string;
  /** One, where nothing happened to it. */
  readonly attempts: number;
  /** The last attempt's. */
  readonly seconds: number;
}

/** Activities of one execution that have ended well, in the order in which they did. */
export function stepsOf(events: readonly HistoryEvent[]): readonly Step[] {
  const scheduled = new Map<string, string>();
  const started = new Map<string, { readonly attempts: number; readonly at: number }>();
  const steps: Step[] = [];
  for (const event of events) {
    const { activityTaskScheduledEventAttributes: schedule, activityTaskStartedEventAttributes: start } = event;
    if (schedule) scheduled.set(String(event.eventId), nameOf(schedule.activityType?.name ?? '', event));
    if (start) started.set(String(start.scheduledEventId), { attempts: start.attempt ?? 1, at: secondsOf(event) });
    const id = String(event.activityTaskCompletedEventAttributes?.scheduledEventId);
    const [name, attempt] = [scheduled.get(id), started.get(id)];
    if (event.activityTaskCompletedEventAttributes && name !== undefined && attempt !== undefined)
      steps.push({ name, attempts: attempt.attempts, seconds: secondsOf(event) - attempt.at });
  }
  return steps;
}

function nameOf(activity: string, { userMetadata }: HistoryEvent): string {
  const { summary } = userMetadata ?? {};
  return summary ? `${activity}: ${defaultPayloadConverter.fromPayload<string>(summary)}` : activity;
}

function secondsOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) + (eventTime?.nanos ?? 0) / 1e9;
}

/** Children that one execution has started. */
export function childrenOf(events: readonly HistoryEvent[]): readonly { workflowId: string; runId: string }[] {
  return events.flatMap(({ childWorkflowExecutionStartedEventAttributes: started }) => {
    const { workflowId, runId } = started?.workflowExecution ?? {};
    return workflowId && runId ? [{ workflowId, runId }] : [];
  });
}

/** The execution that goes on where this one ended; undefined where none does. */
export function nextOf(events: readonly HistoryEvent[]): string | undefined {
  return events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
}

/** The execution that this one goes on from. */
export function previousOf(events: readonly HistoryEvent[]): string | undefined {
  return events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
}

export interface Difference {
  /** Steps of the calm run that the other did not do. */
  readonly lost: readonly string[];
  /** Attempts beyond the first. */
  readonly repeated: number;
  /** What these would have taken had each gone on to its end, by the time that the step took in the calm run. */
  readonly repeatedSecondsAtMost: number;
}

export function compareSteps(calm: readonly Step[], disturbed: readonly Step[]): Difference {
  const left = new Map<string, number>();
  for (const { name } of disturbed) left.set(name, (left.get(name) ?? 0) + 1);
  const lost = calm.flatMap(({ name }) => {
    const count = left.get(name) ?? 0;
    left.set(name, count - 1);
    return count > 0 ? [] : [name];
  });
  const calmSeconds = new Map(calm.map(({ name, seconds }) => [name, seconds]));
  const again = disturbed.map(({ name, attempts, seconds }) => ({
    times: attempts - 1,
    seconds: calmSeconds.get(name) ?? seconds,
  }));
  return {
    lost,
    repeated: again.reduce((sum, { times }) => sum + times, 0),
    repeatedSecondsAtMost: again.reduce((sum, { times, seconds }) => sum + times * seconds, 0),
  };
}
