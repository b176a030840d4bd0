/** Offline self-training of the paper on MathQA's questions, by stand-ins: some 6,000 steps, and no history that is too long for Temporal. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.js';
import { createStandIns } from './standIns.js';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

/** Of MathQA's `train.json`, and the paper's samples of each. */
const [questions, samples] = [29_837, 100];
const mostEvents = 10_000;

it('samples in parts, each in a history of its own, and trains on all of them', async () => {
  const standIns = createStandIns();
  const workers = await harness.startWorkers(standIns, undefined, 8);
  const handle = await harness.start('reft', 'mathqa', {
    ...{ preset: 'smoke', method: 'offline-self-training', sft: null, rewardModel: null },
    data: { train: questions },
    generation: { questionsPerShard: 128 },
    offlineSelfTraining: { samplesPerQuestion: samples },
    evaluation: { samplesPerQuestion: 0 },
  });
  await handle.result();
  await workers.stop();
  const histories: number[] = [];
  for (let runId: string | null | undefined = (await handle.describe()).runId; runId; ) {
    const { raw } = await harness.environment.client.workflow.getHandle('mathqa', runId).describe();
    histories.push(Number(raw.workflowExecutionInfo?.historyLength));
    const { events } = await harness.environment.client.workflow.getHandle('mathqa', runId).fetchHistory();
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  }
  expect(Math.max(...histories)).toBeLessThan(mostEvents);
  expect(histories.length).toBeGreaterThan(1);
  // Ten questions a shard: no activity holds more than a thousand answers. None is sampled twice.
  const asked = standIns.inputsOf('rollout').filter(({ purpose }) => purpose === 'sample-self-training');
  const from = asked.map(({ selection }) => selection.from).sort((a, b) => a - b);
  expect(from).toEqual(Array.from({ length: Math.ceil(questions / 10) }, (_, shard) => 10 * shard));
  const [added] = standIns.inputsOf('addSamples');
  expect(added?.scored).toHaveLength(from.length);
  console.log(`events of each history: ${histories.join(', ')}`);
}, 400_000);
