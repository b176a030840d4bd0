/** The reward `activity` on a real Temporal server, with a worker in Python whose activities fail in every way a scorer can. */
import { fileURLToPath } from 'node:url';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment, TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askActivity } from '../../activities/askActivity.js';
import { rewardNamed, rewardSchema } from '../../activities/rewards/index.js';
import type { RewardTools } from '../../activities/rewards/reward.js';
import type { AskedQuestion, Response, Score } from '../../activities/rewards/samples.js';
import { createScoreInBatches } from '../../activities/scoreInBatches.js';
import type { Store } from '../../activities/store/types.js';
import { obtainPython, type PythonProcess, startPython } from '../support/python.js';
import { findTemporal } from '../support/temporalCommand.js';
import { createMemoryStore } from './data/memoryStore.js';

let environment: TestWorkflowEnvironment;
let worker: PythonProcess;
beforeAll(async () => {
  const python = await obtainPython();
  environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: await findTemporal() } },
  });
  const scorers = fileURLToPath(new URL('scorers.py', import.meta.url));
  worker = startPython(python, [scorers, environment.address, 'scorers']);
}, 600_000);
afterAll(async () => {
  await worker?.kill();
  await environment?.teardown();
});

const examples = ['q1', 'q2', 'q3'].map((id): AskedQuestion => ({ id, question: '?', prompt: '?', answerValue: 1 }));
const responses = ['a', 'bb', 'ccc'].map(
  (text, example): Response => ({ example, sample: 4, text, truncated: false, tokens: [1], logProbs: [-1] }),
);

let store: Store;
beforeEach(() => {
  store = createMemoryStore();
});

/** Its failures are what is tested: no need to read of them. */
function activityEnvironment(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { client: environment.client, logger: new DefaultLogger('ERROR') });
}

const notNeeded = (): Promise<never> => Promise.reject(new Error('not needed'));

/** Scores within an activity, as a worker runs it; `editions` keep tests apart, whose batches are the same. */
let editions = 0;
function score(
  options: Readonly<Record<string, unknown>>,
  { edition = ++editions, within = activityEnvironment() } = {},
): Promise<readonly Score[]> {
  const reward = rewardSchema.parse({ name: 'activity', taskQueue: 'scorers', edition, ...options });
  const onProgress = (): void => undefined;
  return within.run(() => {
    const signal = within.context.cancellationSignal;
    const tools: RewardTools = {
      format: 'natural',
      answerKind: 'number',
      sandbox: { run: notNeeded, judge: notNeeded },
      scorers: { http: notNeeded, activity: askActivity },
      signal,
      onProgress,
      scoreInBatches: createScoreInBatches(store, { signal, onProgress }),
    };
    return rewardNamed('activity').score(examples, responses, reward, tools);
  });
}

const rewardsOf = (scores: readonly Score[]): readonly number[] => scores.map(({ reward }) => reward);
const activitiesOf = async (type: string, taskQueue = 'scorers'): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { status } of environment.client.activity.list(
    `ActivityType = "${type}" AND TaskQueue = "${taskQueue}"`,
  ))
    found.push(status);
  return found;
};

it('gives a worker in Python the batches, and reads its scores', async () => {
  expect(rewardsOf(await score({ type: 'length', batch: { pairs: 2 } }))).toEqual([1, 2, 3]);
});

it('takes the result of a batch that has been scored, or joins it while it is', async () => {
  const options = { type: 'slow' };
  const edition = ++editions;
  const both = await Promise.all([score(options, { edition }), score(options, { edition })]);
  // Whoever asked has lost the scores, as with a worker that was killed before it could store them.
  store = createMemoryStore();
  expect([...both, await score(options, { edition })].map(rewardsOf)).toEqual([1, 2, 3].map(() => [1, 2, 3]));
  await expect.poll(() => activitiesOf('slow')).toEqual(['COMPLETED']);
});

describe('what may pass', () => {
  it('an activity that raises fails the attempt, and the next starts it again', async () => {
    const edition = ++editions;
    await expect(score({ type: 'raising' }, { edition })).rejects.toMatchObject({
      name: 'ScorerUnavailable',
      message: 'activity "raising" on task queue "scorers" failed: the judge is out of paper',
    });
    expect(rewardsOf(await score({ type: 'raising' }, { edition }))).toEqual([1, 2, 3]);
  });

  it('so does one that takes too long', async () => {
    await expect(score({ type: 'slow', timeoutSeconds: 1 })).rejects.toMatchObject({
      name: 'ScorerUnavailable',
      message: expect.stringMatching(/^activity "slow" on task queue "scorers" failed: .*timeout/i),
    });
  });

  it('a task queue without a worker is told, and the batch is taken out of it until the next attempt', async () => {
    const edition = ++editions;
    for (const _ of ['first attempt', 'second attempt'])
      await expect(score({ type: 'length', taskQueue: 'nobody' }, { edition })).rejects.toMatchObject({
        name: 'ScorerUnavailable',
        message: expect.stringMatching(
          /^no worker serves the task queue "nobody", on which the activity "length" waits/,
        ),
      });
    await expect.poll(() => activitiesOf('length', 'nobody')).toEqual(['CANCELED', 'CANCELED']);
  });
});

describe('what will not pass', () => {
  it.each([
    ['nan', 'InvalidReward', 'reward activity, sample 4 of question "q2": "NaN" is no score'],
    ['few', 'InvalidReward', 'reward activity gave 1 scores for 3 responses'],
    ['bytes', 'InvalidReward', 'activity "bytes" on task queue "scorers" gave a result in binary/plain, not in JSON'],
    ['refusing', 'ScorerRefused', 'activity "refusing" on task queue "scorers" failed: no such language'],
  ])('%s is %s', async (type, name, message) => {
    await expect(score({ type })).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it('a response that is larger than a batch', async () => {
    const batch = { bytes: 1_024 };
    const [first] = responses;
    if (first) responses[0] = { ...first, text: 'x'.repeat(2_000) };
    await expect(score({ type: 'length', batch })).rejects.toMatchObject({
      name: 'InvalidReward',
      message: expect.stringContaining('sample 4 of question "q1" with its question is'),
    });
    if (first) responses[0] = first;
  });
});

it('a step that is cancelled cancels its batch; one whose worker shuts down leaves it to the next', async () => {
  for (const [reason, state] of [
    ['CANCELLED', 'CANCELED'],
    ['WORKER_SHUTDOWN', 'RUNNING'],
  ] as const) {
    const within = activityEnvironment();
    const taskQueue = `nobody-${reason}`;
    const scoring = score({ type: 'length', taskQueue }, { within });
    await expect.poll(() => activitiesOf('length', taskQueue), { timeout: 10_000 }).toEqual(['RUNNING']);
    within.cancel(reason, new ActivityCancellationDetails({ cancelRequested: reason === 'CANCELLED' }));
    await expect(scoring).rejects.toThrow();
    await expect.poll(() => activitiesOf('length', taskQueue), { timeout: 10_000 }).toEqual([state]);
  }
});
