/** When the activities of a run began and ended, from its history. */
import type { Client } from '@temporalio/client';

export interface TimedActivity {
  readonly name: string;
  readonly input: unknown;
  /** Seconds since 1970, as the server's clock has them. */
  readonly scheduledAt: number;
  readonly completedAt: number;
}

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** Of all executions of a workflow, each of which continued the last. */
export async function completedActivities(client: Client, workflowId: string): Promise<readonly TimedActivity[]> {
  const executions = await executionsOf(client, workflowId);
  return executions.flatMap(({ events }) => {
    const scheduled = new Map((events ?? []).map((event) => [String(event.eventId), event]));
    return (events ?? []).flatMap((event) => {
      const completed = event.activityTaskCompletedEventAttributes;
      const start = scheduled.get(String(completed?.scheduledEventId));
      const asked = start?.activityTaskScheduledEventAttributes;
      const data = asked?.input?.payloads?.[0]?.data;
      if (!start || !asked || !data) return [];
      const name = asked.activityType?.name ?? '';
      const input: unknown = JSON.parse(Buffer.from(data).toString());
      return [{ name, input, scheduledAt: secondsOf(start), completedAt: secondsOf(event) }];
    });
  });
}

async function executionsOf(client: Client, workflowId: string): Promise<readonly History[]> {
  const runs = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(runId);
  // Newest first.
  return Promise.all(runs.reverse().map((runId) => client.workflow.getHandle(workflowId, runId).fetchHistory()));
}

function secondsOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds) + Number(eventTime?.nanos) / 1e9;
}
