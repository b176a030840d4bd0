/** What a run under way needs, by its history. */
import { defaultPayloadConverter } from '@temporalio/common';
import { expect, it } from 'vitest';
import { type HistoryEvent, neededByHistory } from '../../activities/neededByHistory.js';

const payloads = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });

/** Builds a history, an activity after the other. */
function history() {
  const events: HistoryEvent[] = [];
  const add = (event: object): number =>
    events.push({ eventId: events.length + 1, ...event } as unknown as HistoryEvent);
  const schedule = (name: string, input: unknown): number =>
    add({ activityTaskScheduledEventAttributes: { activityType: { name }, input: payloads(input) } });
  const complete = (scheduledEventId: number, result: unknown): number =>
    add({ activityTaskCompletedEventAttributes: { scheduledEventId, result: payloads(result) } });
  return {
    events,
    add,
    schedule,
    complete,
    run: (name: string, input: unknown, result: unknown) => complete(schedule(name, input), result),
  };
}

const ref = (name: string) => ({ sha256: name });
const rollout = (name: string, purpose = 'rollout') => [{ purpose }, { samples: ref(name) }] as const;
const score = (of: string, name: string) => [{ samples: ref(of) }, { scored: ref(name) }] as const;

it('is what it began with and what unfinished steps were given', () => {
  const { events, add, schedule } = history();
  add({ workflowExecutionStartedEventAttributes: { input: payloads({ carried: 1 }) } });
  schedule('updatePolicy', { checkpoint: ref('c1') });
  expect(neededByHistory(events)).toEqual([{ checkpoint: ref('c1') }, { carried: 1 }]);
});

it('is of trainings the last result of each kind', () => {
  const { events, run } = history();
  run('trainSupervised', { purpose: 'order-warm-up' }, 'w1');
  run('trainSupervised', { purpose: 'order-warm-up' }, 'w2');
  run('updatePolicy', {}, 'p1');
  run('updatePolicy', {}, 'p2');
  run('initialiseModel', {}, 'base');
  expect(neededByHistory(events)).toEqual(['w2', 'p2', 'base']);
});

it('is of answers what nothing has trained on yet: samples until they are scored, scores until the round is over', () => {
  const { events, run, schedule } = history();
  run('rollout', ...rollout('s1'));
  run('scoreSamples', ...score('s1', 'x1'));
  run('updatePolicy', { scored: [ref('x1')] }, 'p1');
  run('rollout', ...rollout('s2'));
  run('scoreSamples', ...score('s2', 'x2'));
  run('rollout', ...rollout('s3'));
  expect(neededByHistory(events)).toEqual(['p1', { scored: ref('x2') }, { samples: ref('s3') }]);
  // While the update is under way it may have to be done again.
  schedule('updatePolicy', { scored: [ref('x2'), ref('x3')] });
  expect(neededByHistory(events)[0]).toEqual({ scored: [ref('x2'), ref('x3')] });
});

it('is of answers for the evaluation all scores, to the end', () => {
  const { events, run } = history();
  run('rollout', ...rollout('s1', 'sample-test'));
  run('scoreSamples', ...score('s1', 'x1'));
  run('updatePolicy', {}, 'p1');
  expect(neededByHistory(events)).toEqual([{ scored: ref('x1') }, 'p1']);
});

it('is what children gave, and the result of one that has just ended', () => {
  const { events, add } = history();
  add({ childWorkflowExecutionCompletedEventAttributes: { result: payloads('child') } });
  add({ workflowExecutionCompletedEventAttributes: { result: payloads('own') } });
  expect(neededByHistory(events)).toEqual(['child', 'own']);
});

it('is the pass rates of questions and the questions chosen by them, to the end', () => {
  const { events, run } = history();
  const chosen = { passRates: ref('rates'), train: ref('chosen') };
  run('rollout', ...rollout('s1', 'sample-difficulty'));
  run('scoreSamples', ...score('s1', 'x1'));
  run('chooseQuestions', { scored: [ref('x1')] }, chosen);
  run('rollout', ...rollout('s2'));
  run('scoreSamples', ...score('s2', 'x2'));
  run('updatePolicy', { scored: [ref('x2')] }, 'p1');
  run('updatePolicy', { scored: [ref('x3')] }, 'p2');
  // So are the answers that they were chosen by: a run that is reset may have to choose again.
  expect(neededByHistory(events)).toEqual([{ scored: ref('x1') }, chosen, 'p2']);
});
