/**
 * What a workflow that is under way needs of the store, by its history. Pure.
 *
 * Needed is all that it was started with, all that steps have given it, and all that steps under way were given; but for what is over:
 * the checkpoint of a round that another has followed (a run keeps those that its rule says, and its best, by the notes of its rounds), and
 * answers that a later step has trained on.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

/** Of each the last result is needed, by what it was for. */
const trainings: readonly string[] = ['trainSupervised', 'updatePolicy', 'trainOnSamples', 'trainRewardModel'];
/** They end a round. */
const updates: readonly string[] = ['updatePolicy', 'trainOnSamples'];
const answering: readonly string[] = ['rollout', 'scoreSamples', 'selectGroups'];

interface Step {
  readonly name: string;
  readonly input: unknown;
  readonly place: number;
  /** Absent while it is under way. */
  readonly ended?: { readonly result: unknown };
}

/** JSON that names what is needed. */
export function neededByHistory(events: readonly HistoryEvent[]): readonly unknown[] {
  const steps = [...stepsOf(events).values()];
  const done = steps.filter(({ ended }) => ended?.result !== undefined);
  const lastUpdate = done.filter(({ name }) => updates.includes(name)).at(-1);
  const ofRounds = new Set<unknown>(
    done.filter(({ name, input }) => name === 'rollout' && field(input, 'purpose') === 'rollout').map(samplesGiven),
  );
  const scored = new Set<unknown>(done.filter(({ name }) => name === 'scoreSamples').map(samplesTaken));

  const isOver = (step: Step): boolean => {
    if (trainings.includes(step.name)) {
      const alike = (one: Step): boolean =>
        one.name === step.name && field(one.input, 'purpose') === field(step.input, 'purpose');
      return done.filter(alike).at(-1) !== step;
    }
    if (step.name === 'rollout' && scored.has(samplesGiven(step))) return true;
    const isOfRound =
      step.name === 'selectGroups' ||
      (step.name === 'rollout' && ofRounds.has(samplesGiven(step))) ||
      (step.name === 'scoreSamples' && ofRounds.has(samplesTaken(step)));
    return answering.includes(step.name) && isOfRound && lastUpdate !== undefined && step.place < lastUpdate.place;
  };

  return [
    ...steps.flatMap((step) => (step.ended ? [] : [step.input])),
    ...done.filter((step) => !isOver(step)).map(({ ended }) => ended?.result),
    ...events.flatMap((event) =>
      [
        event.workflowExecutionStartedEventAttributes?.input,
        event.workflowExecutionCompletedEventAttributes?.result,
        event.childWorkflowExecutionCompletedEventAttributes?.result,
      ].flatMap(valuesOf),
    ),
  ];
}

function stepsOf(events: readonly HistoryEvent[]): ReadonlyMap<string, Step> {
  const steps = new Map<string, Step>();
  for (const [place, event] of events.entries()) {
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } = event;
    if (scheduled)
      steps.set(String(event.eventId), {
        name: String(scheduled.activityType?.name),
        input: valuesOf(scheduled.input)[0],
        place,
      });
    const ended =
      completed ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    const id = String(ended?.scheduledEventId);
    const step = steps.get(id);
    if (step) steps.set(id, { ...step, ended: { result: completed ? valuesOf(completed.result)[0] : undefined } });
  }
  return steps;
}

function valuesOf(payloads: Payloads): readonly unknown[] {
  return (payloads?.payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));
}

const samplesTaken = ({ input }: Step): unknown => field(field(input, 'samples'), 'sha256');
const samplesGiven = ({ ended }: Step): unknown => field(field(ended?.result, 'samples'), 'sha256');

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
