/** The events of a run's history in words: what `reft logs` prints. Events that say nothing to a person have none. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { HistoryEvent } from '../../activities/neededByHistory.js';
import { isRecord } from '../../workflows/config/explain.js';

type Failure = temporal.api.failure.v1.IFailure;
type Payload = temporal.api.common.v1.IPayload;

export interface LogLine {
  /** When it happened: ISO 8601. */
  readonly time: string;
  readonly text: string;
  /** Of a step that has ended: what the UI's timeline calls it. */
  readonly step?: string;
  /** How long its last attempt took. */
  readonly seconds?: number;
  /** Which attempt that was, from 1. */
  readonly attempt?: number;
  /** What was wrong. */
  readonly failure?: string;
}

interface Step {
  readonly name: string;
  startedAt?: number;
  attempt?: number;
  lastFailure?: string;
}

/** Takes the events of one execution in order, since the end of a step names its beginning by number alone. */
export function createNarrator(): (event: HistoryEvent) => LogLine | undefined {
  const steps = new Map<string, Step>();
  const stepOf = (id: unknown): Step => steps.get(String(id)) ?? { name: 'a step' };

  return (event) => {
    const ms = millisecondsOf(event);
    const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({
      time: new Date(ms).toISOString(),
      text,
      ...more,
    });
    const ended = (id: unknown, how: string, failure?: string): LogLine => {
      const { name, startedAt, attempt, lastFailure } = stepOf(id);
      const seconds = startedAt === undefined ? undefined : Math.round(ms - startedAt) / 1_000;
      const lasted = seconds === undefined ? '' : ` in ${seconds.toFixed(1)} s`;
      const again = attempt === undefined || attempt < 2 ? '' : `, at attempt ${attempt}`;
      const before = again && lastFailure ? ` (the one before: ${lastFailure})` : '';
      return line(`${name} ${how}${lasted}${again}${failure === undefined ? '' : `: ${failure}`}${before}`, {
        step: name,
        ...(seconds === undefined ? {} : { seconds }),
        ...(attempt === undefined ? {} : { attempt }),
        ...(failure === undefined ? {} : { failure }),
      });
    };
    const failed = (what: string, failure: Failure | null | undefined): LogLine => {
      const reason = reasonOf(failure);
      return line(`${what}: ${reason}`, { failure: reason });
    };

    const began = event.workflowExecutionStartedEventAttributes;
    if (began) {
      const of = textOf(event.userMetadata?.summary);
      const what = began.continuedExecutionRunId ? 'goes on in a new history' : 'started';
      return line(of === undefined ? what : `${what}: ${of}`);
    }
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const name = textOf(event.userMetadata?.summary) ?? scheduled.activityType?.name ?? 'a step';
      steps.set(String(event.eventId), { name });
      return undefined;
    }
    const begun = event.activityTaskStartedEventAttributes;
    if (begun) {
      const step = stepOf(begun.scheduledEventId);
      step.startedAt = ms;
      if (begun.attempt) step.attempt = begun.attempt;
      if (begun.lastFailure) step.lastFailure = reasonOf(begun.lastFailure);
      return undefined;
    }
    const done = event.activityTaskCompletedEventAttributes;
    if (done) return ended(done.scheduledEventId, 'done');
    const stepFailed = event.activityTaskFailedEventAttributes;
    if (stepFailed) return ended(stepFailed.scheduledEventId, 'failed', reasonOf(stepFailed.failure));
    const late = event.activityTaskTimedOutEventAttributes;
    if (late) return ended(late.scheduledEventId, 'ran out of time', reasonOf(late.failure));
    const cancelled = event.activityTaskCanceledEventAttributes;
    if (cancelled) return ended(cancelled.scheduledEventId, 'cancelled');

    const childBegun = event.childWorkflowExecutionStartedEventAttributes;
    if (childBegun) return line(`${childBegun.workflowExecution?.workflowId} started beside it`);
    const childDone = event.childWorkflowExecutionCompletedEventAttributes;
    if (childDone) return line(`${childDone.workflowExecution?.workflowId} done`);
    const childFailed = event.childWorkflowExecutionFailedEventAttributes;
    if (childFailed) return failed(`${childFailed.workflowExecution?.workflowId} failed`, childFailed.failure);

    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal) return line(`signal ${signal.signalName}${argumentsOf(signal.input)}`);
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (update) return line(`update ${update.name}${argumentsOf(update.args)}`);
    if (event.workflowExecutionCancelRequestedEventAttributes) return line('asked to cancel');
    const code = event.workflowTaskFailedEventAttributes;
    // A reset is told of in this form too, by the server.
    if (code) return failed('workflow code was not gone on with', code.failure);

    if (event.workflowExecutionCompletedEventAttributes) return line('completed');
    const runFailed = event.workflowExecutionFailedEventAttributes;
    if (runFailed) return failed('failed', runFailed.failure);
    if (event.workflowExecutionCanceledEventAttributes) return line('cancelled');
    const terminated = event.workflowExecutionTerminatedEventAttributes;
    if (terminated) return line(`ended by force${terminated.reason ? `: ${terminated.reason}` : ''}`);
    if (event.workflowExecutionTimedOutEventAttributes) return line('ran out of time');
    return undefined;
  };
}

function millisecondsOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds) * 1_000 + Number(eventTime?.nanos) / 1e6;
}

function textOf(payload: Payload | null | undefined): string | undefined {
  const value: unknown = payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** Of more than a line nobody wants to read. */
const mostArgumentCharacters = 200;

/** ` {"learningRate":0.0003}`; nothing where there are none. */
function argumentsOf(input: temporal.api.common.v1.IPayloads | null | undefined): string {
  const all = (input?.payloads ?? []).map((payload) =>
    JSON.stringify(defaultPayloadConverter.fromPayload<unknown>(payload)),
  );
  return all.map((text) => ` ${text.slice(0, mostArgumentCharacters)}`).join('');
}

/** What failed first: Temporal wraps it in failures that say nothing. */
function reasonOf(failure: Failure | null | undefined): string {
  let first = failure ?? {};
  while (first.cause) first = first.cause;
  const type = first.applicationFailureInfo?.type;
  const encoded: unknown = first.encodedAttributes && defaultPayloadConverter.fromPayload(first.encodedAttributes);
  const message = isRecord(encoded) ? encoded.message : first.message;
  return `${type ? `${type}: ` : ''}${typeof message === 'string' ? message : 'no reason is given'}`;
}
