/** What is said of the steps of a run that do not get on. */
import { defaultPayloadConverter } from '@temporalio/common';
import { temporal as proto } from '@temporalio/proto';
import { expect, it } from 'vitest';
import { stepsUnderWay, stepTroubles } from '../../workers/command/troubles.js';

const { PENDING_ACTIVITY_STATE_SCHEDULED, PENDING_ACTIVITY_STATE_STARTED } = proto.api.enums.v1.PendingActivityState;
const now = Date.parse('2026-01-01T00:00:00Z');

const step = (attempt: number, more: object = {}) => ({
  activityType: { name: 'rollout' },
  attempt,
  state: PENDING_ACTIVITY_STATE_STARTED,
  ...more,
});
const unreachable = {
  lastFailure: { message: 'S3 cannot be reached', applicationFailureInfo: { type: 'StoreUnavailable' } },
};
const textsOf = (...pendingActivities: object[]) => stepTroubles({ pendingActivities }, now).map(({ text }) => text);
const heartbeat = (quietSeconds: number) => ({
  heartbeatDetails: {
    payloads: [defaultPayloadConverter.toPayload({ done: 3, total: 9, unit: 'batches', quietSeconds })],
  },
});

it('says nothing of steps that get on, or wait for a worker for the first time', () => {
  expect(textsOf(step(1), step(1, { state: PENDING_ACTIVITY_STATE_SCHEDULED }), step(1, heartbeat(59)))).toEqual([]);
});

it('sums up how far the steps under way are', () => {
  const waiting = step(1, { ...heartbeat(0), state: PENDING_ACTIVITY_STATE_SCHEDULED });
  const pendingActivities = [step(1, heartbeat(0)), step(2, heartbeat(70)), step(1), waiting];
  expect(stepsUnderWay({ pendingActivities })).toBe('6 of 18 batches');
  expect(stepsUnderWay({ pendingActivities: null })).toBe('');
});

it('says how often a step has failed, by what, and when it is tried again', () => {
  expect(textsOf(step(2, unreachable))).toEqual([
    'rollout has failed once, and is tried again now. The last failure: StoreUnavailable: S3 cannot be reached',
  ]);
  const waiting = {
    ...unreachable,
    state: PENDING_ACTIVITY_STATE_SCHEDULED,
    nextAttemptScheduleTime: { seconds: now / 1_000 + 16 },
  };
  expect(textsOf(step(1_234, waiting))[0]).toMatch(/^rollout has failed 1233 times, and is tried again in 16 s\. /);
  expect(textsOf(step(2, { lastFailure: { message: 'activity Heartbeat timeout' } }))[0]).toMatch(
    /The last failure: activity Heartbeat timeout$/,
  );
});

it('says once what several steps have in common', () => {
  expect(textsOf(step(2, unreachable), step(7, unreachable), step(3, unreachable))).toEqual([
    'rollout has failed 6 times, and is tried again now. The last failure: StoreUnavailable: S3 cannot be reached (and 2 more like it)',
  ]);
});

it('goes on where a heartbeat is no progress, as activities of others may send', () => {
  for (const data of ['not JSON', '['.repeat(100_000), '7', '']) {
    const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(data) };
    expect(textsOf(step(1, { heartbeatDetails: { payloads: [payload] } }))).toEqual([]);
  }
});

it('says which step under way has told of no progress for a minute', () => {
  expect(textsOf(step(1, heartbeat(95)))).toEqual(['rollout is under way, but quiet for 95 s at 3 of 9 batches']);
});
