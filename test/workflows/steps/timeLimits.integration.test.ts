/** Every activity of a run is given the time that its work may take. */
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { required } from '../../../activities/invariant.js';
import { timeLimitOf, type timeLimits } from '../../../workflows/steps/timeLimits.js';
import { type Harness, openHarness } from '../harness.js';
import { createStandIns } from '../standIns.js';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

it('is the limit of each activity, waiting for a worker left out', async () => {
  const workers = await harness.startWorkers(createStandIns());
  const handle = await harness.start('reft', 'limited', { preset: 'smoke' });
  await handle.result();
  await workers.stop();
  const { events } = await handle.fetchHistory();
  const scheduled = required(events, 'the history').flatMap(
    ({ activityTaskScheduledEventAttributes: one }) => one ?? [],
  );
  const seen = new Map<string, number>();
  for (const { activityType, input, startToCloseTimeout, heartbeatTimeout, scheduleToStartTimeout } of scheduled) {
    const name = required(activityType?.name, 'its name');
    const [payload] = required(input?.payloads, 'its input');
    const limit = timeLimitOf(name, defaultPayloadConverter.fromPayload<never>(required(payload, 'its input')));
    seen.set(name, limit);
    expect([name, Number(startToCloseTimeout?.seconds) * 1_000]).toEqual([name, Math.floor(limit / 1_000) * 1_000]);
    expect(Number(heartbeatTimeout?.seconds)).toBe(10);
    expect(Number(scheduleToStartTimeout?.seconds ?? 0)).toBe(0);
  }
  expect([...seen.keys()].sort()).toEqual([
    'initialiseModel',
    'keepStart',
    'planTraining',
    'prepareData',
    'publishRun',
    'rollout',
    'scoreByRewardModel',
    'scoreSamples',
    'tallyEvaluation',
    'trainRewardModel',
    'trainSupervised',
    'updatePolicy',
  ]);
});

const object = (bytes: number) => ({ key: 'objects/0', sha256: '0', bytes });
const smolLm2 = { ...object(1_000), step: 0, weightBytes: 4 * 134_515_008 };

it('is more than 20 times what two cores take for SmolLM2-135M', () => {
  const seconds = (name: keyof typeof timeLimits, input: unknown): number => timeLimitOf(name, input as never) / 1_000;
  const hour = 3_600;
  // 60 questions with 4 answers of 150 tokens: 5 ms a token in a batch of 8.
  const selection = { order: 'plain', from: 0, to: 60 };
  const rollout = seconds('rollout', { checkpoint: smolLm2, selection, samples: 4, maxAnswerTokens: 150 });
  expect(rollout).toBeGreaterThan(hour + 20 * 60 * 4 * 150 * 0.005);
  // 480 examples of 111 tokens in 1,000 bytes each: 6 ms a token.
  const epoch = seconds('trainSupervised', { checkpoint: smolLm2, train: { ...object(480_000), count: 480 } });
  expect(epoch).toBeGreaterThan(hour + 20 * 480 * 111 * 0.006);
});

it('grows with the model, the answers and the epochs', () => {
  const scored = [object(1_000_000)];
  const update = (weightBytes: number, epochs: number): number =>
    timeLimitOf('trainOnSamples', {
      checkpoint: { ...smolLm2, weightBytes },
      train: { ...object(0), count: 0 },
      scored,
      settings: { epochsPerRound: epochs },
    } as never);
  const hour = 3_600_000;
  expect(update(0, 1)).toBe(hour);
  expect(update(2e9, 1) - hour).toBe(2 * (update(1e9, 1) - hour));
  const epoch = update(1e9, 2) - update(1e9, 1);
  expect(update(1e9, 5) - update(1e9, 1)).toBe(4 * epoch);
  // Half a million tokens, a quarter of a billion weights, 2 ns each.
  expect(epoch).toBe(5e5 * 2.5e8 * 2e-6);
});
