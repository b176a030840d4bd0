/** What tests that kill workers need to know of a run: when to strike, and that it hit. */
import type { WorkflowHandle } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';

/** Whether an activity of this type is under way. */
export async function isUnderWay(handle: WorkflowHandle, activity: string): Promise<boolean> {
  const { PENDING_ACTIVITY_STATE_STARTED } = proto.api.enums.v1.PendingActivityState;
  const { raw } = await handle.describe();
  return (raw.pendingActivities ?? []).some(
    ({ activityType, state }) => activityType?.name === activity && state === PENDING_ACTIVITY_STATE_STARTED,
  );
}

/** Waits until an activity of this type is under way in this phase. */
export async function waitForActivity(handle: WorkflowHandle, activity: string, phase: string): Promise<void> {
  for (;;) {
    const underWay = await isUnderWay(handle, activity);
    const { searchAttributes, status } = await handle.describe();
    if (underWay && searchAttributes.ReftPhase?.[0] === phase) return;
    if (status.name !== 'RUNNING') throw new Error(`the run is ${status.name} before ${activity} in ${phase}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Types of the activities that took more than one attempt, by the run's history. */
export async function repeated(handle: WorkflowHandle): Promise<readonly string[]> {
  const { events } = await handle.fetchHistory();
  const types = new Map<string, string>();
  const names: string[] = [];
  for (const { eventId, activityTaskScheduledEventAttributes, activityTaskStartedEventAttributes } of events ?? []) {
    if (activityTaskScheduledEventAttributes)
      types.set(String(eventId), activityTaskScheduledEventAttributes.activityType?.name ?? '');
    const started = activityTaskStartedEventAttributes;
    if (started && (started.attempt ?? 1) > 1) names.push(types.get(String(started.scheduledEventId)) ?? '');
  }
  return names;
}
