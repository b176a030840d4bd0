/** `reft reset`: sends a run back to where a round of its had ended, in Temporal's own way. It goes on from there under its id. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { readStart } from '../../activities/branchPoints.js';
import { readableEvents } from '../../activities/readableEvents.js';
import { findKept, listRounds, readNote, roundKey, writeNote } from '../../activities/retention/notes.js';
import type { Store } from '../../activities/store/types.js';
import { openStore } from '../openStore.js';
import { describeRun, withClient, withStack } from './access.js';
import { type BegunRound, roundsBegun } from './roundsBegun.js';
import { UsageError } from './usageError.js';

interface Place extends BegunRound {
  readonly runId: string;
}

/** @throws UsageError when there is no such run or round, saying which there are */
export function reset(id: string, round: string): Promise<void> {
  const done = Number(round);
  if (!/^\d+$/.test(round)) throw new UsageError(`--round is "${round}": allowed is a whole number, 0 for the warm-up`);
  return withStack((stack) =>
    withClient(stack, async (client) => {
      await resetTo(client, openStore(stack.s3), id, done);
      console.log(`${id} goes on from round ${done}. What was asked of it later (pause, stopEarly, …) is dropped.`);
    }),
  );
}

/**
 * Ends the execution that is under way, if there is one, and begins another with the history up to that point.
 * @param done rounds or epochs that stay done
 * @throws UsageError as `reset`
 */
export async function resetTo(client: Client, store: Store, id: string, done: number): Promise<void> {
  const places = await keptOf(store, id, await findPlaces(client, id));
  const place = places.find((one) => one.done === done);
  if (place === undefined) throw new UsageError(`Run "${id}" cannot go back to round ${done}: ${describe(places)}`);
  await markAsLatest(store, id, done);
  const { RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, RESET_REAPPLY_EXCLUDE_TYPE_UPDATE } =
    proto.temporal.api.enums.v1.ResetReapplyExcludeType;
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: id, runId: place.runId },
    workflowTaskFinishEventId: place.taskEventId,
    reason: `back to round ${done}`,
    requestId: randomUUID(),
    resetReapplyExcludeTypes: [RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, RESET_REAPPLY_EXCLUDE_TYPE_UPDATE],
  });
}

/** Those whose checkpoints are still there. Runs of before there were notes have all of theirs. */
async function keptOf(store: Store, id: string, places: readonly Place[]): Promise<readonly Place[]> {
  const start = await readStart(store, id);
  if (start === undefined) return places;
  const kept = await findKept(store, id, start.first.round);
  return places.filter(({ done }) => kept.includes(done));
}

/** The run goes on from there: what it needs is to be kept before what was done later. */
async function markAsLatest(store: Store, id: string, done: number): Promise<void> {
  const key = roundKey(id, done);
  const note = await readNote(store, key);
  if (note) await writeNote(store, key, note);
}

/** Of the newest execution first; the executions before it are those that it was continued from. */
async function findPlaces(client: Client, id: string): Promise<readonly Place[]> {
  const { runId: newest, raw } = await describeRun(client, id);
  const parent = raw.workflowExecutionInfo?.parentExecution?.workflowId;
  if (parent) throw new UsageError(`"${id}" is a part of "${parent}": reset that`);
  const places: Place[] = [];
  for (let runId: string | null | undefined = newest; runId; ) {
    const events = await readableEvents(client, id, runId);
    for (const begun of roundsBegun(events)) places.push({ ...begun, runId });
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  }
  return places;
}

function describe(places: readonly Place[]): string {
  const rounds = [...new Set(places.map(({ done }) => done))].sort((a, b) => a - b);
  if (rounds.length === 0) return 'none has begun';
  return `allowed: ${listRounds(rounds)}, which are done and kept (its \`retention\`)`;
}
