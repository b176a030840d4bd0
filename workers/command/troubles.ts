/**
 * What hinders a run, from what Temporal knows of it: steps that fail again and again or have been quiet for long, and workflow code
 * that does not fit what the run has done.
 */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import proto from '@temporalio/proto';
import { z } from 'zod';
import { readForeignJson } from '../../activities/foreignJson.js';
import { required } from '../../activities/invariant.js';
import { readableFailure, readableSteps } from './readable.js';

type Raw = Pick<WorkflowExecutionDescription['raw'], 'pendingActivities' | 'pendingWorkflowTask' | 'pendingChildren'>;
type Pending = NonNullable<Raw['pendingActivities']>[number];

export interface StepTrouble {
  /** The same trouble of the same kind of step. */
  readonly key: string;
  /** Attempts that have failed, the most of any step. */
  readonly failures: number;
  readonly text: string;
}

/** Steps of the workflow that have failed and are tried again, or are under way without any progress: one line for all alike. */
export function stepTroubles({ pendingActivities }: Pick<Raw, 'pendingActivities'>, now = Date.now()): StepTrouble[] {
  const alike = new Map<string, Pending[]>();
  for (const step of pendingActivities ?? []) {
    const key = step.lastFailure ? `${nameOf(step)} ${failureOf(step)}` : `${nameOf(step)} is quiet`;
    if (step.lastFailure || quietOf(step)) alike.set(key, [...(alike.get(key) ?? []), step]);
  }
  return [...alike].map(([key, steps]) => {
    const worst = steps.reduce((most, step) => (failuresOf(step) > failuresOf(most) ? step : most));
    const others = steps.length > 1 ? ` (and ${steps.length - 1} more like it)` : '';
    return { key, failures: failuresOf(worst), text: `${describeStep(worst, now)}${others}` };
  });
}

function describeStep(step: Pending, now: number): string {
  const quiet = quietOf(step);
  if (!step.lastFailure) return `${nameOf(step)} is under way, but ${quiet}`;
  const failures = failuresOf(step);
  const times = failures === 1 ? 'once' : `${failures} times`;
  return `${nameOf(step)} has failed ${times}, ${nextOf(step, now)}. The last failure: ${failureOf(step)}`;
}

const nameOf = ({ activityType }: Pending): string => required(activityType?.name, 'the type of a pending activity');

/** The attempt that is under way or to come has not failed. */
const failuresOf = ({ attempt }: Pending): number => required(attempt, 'the attempt of a pending activity') - 1;

function failureOf({ lastFailure }: Pending): string {
  const type = lastFailure?.applicationFailureInfo?.type;
  return `${type ? `${type}: ` : ''}${lastFailure?.message ?? ''}`;
}

const { PENDING_ACTIVITY_STATE_STARTED } = proto.temporal.api.enums.v1.PendingActivityState;

function nextOf({ state, nextAttemptScheduleTime: next }: Pending, now: number): string {
  if (state === PENDING_ACTIVITY_STATE_STARTED) return 'and is tried again now';
  const seconds = next?.seconds ? Math.ceil(Number(next.seconds) - now / 1_000) : 0;
  return seconds > 0 ? `and is tried again in ${seconds} s` : 'and waits for a worker to try it again';
}

/** Of an activity's heartbeat (`ActivityProgress`), as JSON. */
const heartbeat = z.object({ done: z.number(), total: z.number(), unit: z.string(), quietSeconds: z.number() });
const longQuietSeconds = 60;
const mostHeartbeatBytes = 2 ** 16;

/** How far the steps under way are, together: `32 of 48 answers`; empty where none tells. */
export function stepsUnderWay({ pendingActivities }: Pick<Raw, 'pendingActivities'>): string {
  const sums = new Map<string, { done: number; total: number }>();
  for (const step of pendingActivities ?? []) {
    const told = heartbeatOf(step);
    if (told === undefined || told.total === 0) continue;
    const { done, total } = sums.get(told.unit) ?? { done: 0, total: 0 };
    sums.set(told.unit, { done: done + told.done, total: total + told.total });
  }
  return [...sums].map(([unit, { done, total }]) => `${done} of ${total} ${unit}`).join(', ');
}

/** How long a step under way has told of no progress; undefined where it is not long. */
function quietOf(step: Pending): string | undefined {
  const told = heartbeatOf(step);
  if (told === undefined || told.quietSeconds < longQuietSeconds) return undefined;
  return `quiet for ${told.quietSeconds} s at ${told.done} of ${told.total} ${told.unit}`;
}

/** Of a step under way; undefined before its first. */
function heartbeatOf({ state, heartbeatDetails }: Pending): z.output<typeof heartbeat> | undefined {
  const payload = heartbeatDetails?.payloads?.[0];
  if (state !== PENDING_ACTIVITY_STATE_STARTED || !payload) return undefined;
  const read = readForeignJson(payload.data ?? new Uint8Array(), mostHeartbeatBytes);
  return heartbeat.safeParse('value' in read ? read.value : undefined).data;
}

/** How many of a history's last events are looked through for why its workflow code failed. */
const lastEvents = 20;

/** Why workers cannot run the workflow's code; undefined where they can, or none has tried. */
export async function codeTrouble(
  client: Client,
  { workflowId, runId, raw: { pendingWorkflowTask } }: WorkflowExecutionDescription,
): Promise<string | undefined> {
  if ((pendingWorkflowTask?.attempt ?? 1) < 2) return undefined;
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: lastEvents,
  });
  const failed = history?.events?.find((event) => event.workflowTaskFailedEventAttributes);
  const { cause, failure: raw } = failed?.workflowTaskFailedEventAttributes ?? {};
  if (!raw?.message) return undefined;
  const failure = await readableFailure(client, raw);
  const isOtherCode =
    cause === proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;
  return isOtherCode
    ? `The workers' code is not the code that this run began with: start workers of that version and the run goes on. ${failure.message}`
    : `The run's code fails on its workers, and is tried again: ${failure.message}`;
}

/** As `stepsUnderWay`, of the workflow's own steps. */
export async function underWayOf(
  client: Client,
  { raw: { pendingActivities } }: WorkflowExecutionDescription,
): Promise<string> {
  return stepsUnderWay({ pendingActivities: await readableSteps(client, pendingActivities) });
}

/** Those of the workflow's own steps. */
export async function stepTroublesOf(
  client: Client,
  { raw: { pendingActivities } }: WorkflowExecutionDescription,
): Promise<StepTrouble[]> {
  return stepTroubles({ pendingActivities: await readableSteps(client, pendingActivities) });
}

/** A comparison has children that have children. */
const mostChildren = 20;

/** Troubles of the workflow and of those under way that it has started, those of others with their ids. */
export async function findTroubles(client: Client, description: WorkflowExecutionDescription): Promise<string[]> {
  const found = [description];
  // Children are added on the way and gone through as well.
  for (const { raw } of found)
    for (const { workflowId } of raw.pendingChildren ?? [])
      if (workflowId && found.length <= mostChildren)
        found.push(await client.workflow.getHandle(workflowId).describe());
  const lines: string[] = [];
  for (const one of found) {
    const code = await codeTrouble(client, one);
    const texts = [
      ...(code === undefined ? [] : [code]),
      ...(await stepTroublesOf(client, one)).map(({ text }) => text),
    ];
    const whose = one === description ? '' : `${one.workflowId}: `;
    lines.push(...texts.map((text) => `${whose}${text}`));
  }
  return lines;
}
