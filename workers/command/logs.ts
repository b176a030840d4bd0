/** `reft logs`: what has happened in a run, from its history, and what happens while one looks. */
import type { Client } from '@temporalio/client';
import type { HistoryEvent } from '../../activities/neededByHistory.js';
import { eventsOf } from '../../activities/readableEvents.js';
import { abortOnInterrupt } from '../interruption.js';
import { describeRun, withClient, withStack } from './access.js';
import { createNarrator, type LogLine } from './narrate.js';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** @returns the process's exit code: 130 when interrupted while following */
export function logs(id: string, { follow = false, json = false }: LogsOptions): Promise<number> {
  const signal = abortOnInterrupt();
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const { runId } = await describeRun(client, id);
      const print = (line: LogLine): void => console.log(json ? JSON.stringify(line) : inWords(line));
      const executions = [...(await executionsBefore(client, id, runId)), runId];
      // Those that a run continues in while it is followed are added on the way and gone through as well.
      for (const execution of executions) {
        const narrate = createNarrator();
        for await (const event of eventsFrom(client, id, execution, follow, signal)) {
          const line = narrate(event);
          if (line) print(line);
          const next = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
          if (next && !executions.includes(next)) executions.push(next);
        }
      }
      return signal.aborted ? 130 : 0;
    }),
  );
}

/** Local time, as people read logs. */
function inWords({ time, text }: LogLine): string {
  const date = new Date(time);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return `${local.slice(0, 19).replace('T', ' ')}  ${text}`;
}

/** Executions that the run was continued from, the oldest first. */
async function executionsBefore(client: Client, id: string, newest: string): Promise<readonly string[]> {
  const before: string[] = [];
  for (let runId = newest; ; ) {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: id, runId },
      maximumPageSize: 1,
    });
    const earlier = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (!earlier) return before;
    before.unshift(earlier);
    runId = earlier;
  }
}

/** A server answers earlier, with nothing, when nothing happens. */
const longPollMs = 70_000;

/** The events of one execution; with `follow` those to come as well, until it ends or the signal aborts. */
async function* eventsFrom(
  client: Client,
  id: string,
  runId: string,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<HistoryEvent> {
  let nextPageToken: Uint8Array | undefined;
  do {
    const request = {
      namespace: client.options.namespace,
      execution: { workflowId: id, runId },
      waitNewEvent: follow,
      ...(nextPageToken ? { nextPageToken } : {}),
    };
    // One of its own: the SDK leaves a listener with each that it is given.
    const page = await client
      .withAbortSignal(AbortSignal.any([signal]), () =>
        client.withDeadline(Date.now() + longPollMs, () => client.workflowService.getWorkflowExecutionHistory(request)),
      )
      .catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      });
    if (page === undefined) return;
    yield* await eventsOf(client, page.history ?? {});
    nextPageToken = page.nextPageToken;
  } while (nextPageToken?.length && !signal.aborted);
}
