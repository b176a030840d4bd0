/** Where in a run's history its rounds, or epochs, began: what `reft reset` needs to know. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { isRecord } from '../../workflows/config/explain.js';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

export interface BegunRound {
  /** Rounds or epochs that were done before it. */
  readonly done: number;
  /** The event of the workflow task that began it. */
  readonly taskEventId: NonNullable<HistoryEvent['eventId']>;
}

/** In order; a round begins with its first activity. */
export function roundsBegun(events: readonly HistoryEvent[]): readonly BegunRound[] {
  const begun = new Map<number, BegunRound>();
  for (const { activityTaskScheduledEventAttributes: scheduled } of events) {
    const [payload] = scheduled?.input?.payloads ?? [];
    const taskEventId = scheduled?.workflowTaskCompletedEventId;
    if (!scheduled?.activityType?.name || !payload || !taskEventId) continue;
    const done = roundBegunBy(scheduled.activityType.name, defaultPayloadConverter.fromPayload(payload));
    if (done !== undefined && !begun.has(done)) begun.set(done, { done, taskEventId });
  }
  return [...begun.values()];
}

/** Of a method in rounds the sampling, of one in epochs the training; the warm-up's epochs are not a method's. */
function roundBegunBy(activity: string, input: unknown): number | undefined {
  if (!isRecord(input)) return undefined;
  const { purpose, temperature, round, epoch } = input;
  if (activity === 'rollout' && purpose === 'rollout' && temperature === 1) return Number(round);
  const isMethods = purpose === 'order-sft' || purpose === 'order-self-training';
  return activity === 'trainSupervised' && isMethods ? Number(epoch) : undefined;
}
