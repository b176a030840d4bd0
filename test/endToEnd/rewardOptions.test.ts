/** A whole run whose reward is told where answers stand and how they compare: it is scored, and its votes are counted, by that. */
import { expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import type { AnsweredQuestion } from '../../activities/report/answers.js';
import { comparisonSchema, sameAnswer } from '../../activities/rewards/compareAnswers.js';
import { extractFromText } from '../../activities/rewards/extractAnswer.js';
import { openStore } from '../../workers/openStore.js';
import type { RunResult } from '../../workflows/runState.js';
import { useRealParts } from './realParts.js';

const parts = useRealParts();

it('scores a run in words by the last number, and counts votes by the same tolerance', async () => {
  const comparison = comparisonSchema.parse({ name: 'numeric', absoluteTolerance: 0, relativeTolerance: 0.5 });
  const reward = { name: 'answer', extraction: 'last-number', comparison, partialReward: 0 } as const;
  const spec = {
    preset: 'smoke',
    data: { cot: 'natural' },
    warmUp: { epochs: 20 },
    reward,
    sft: null,
    rewardModel: null,
  };
  const handle = await parts.client.workflow.start('reft', { taskQueue: 'reft', workflowId: 'told', args: [spec] });
  const result: RunResult = await handle.result();
  expect(result.accuracy.voting).toBeTypeOf('number');

  const published = await openStore(parts.stack.s3).read('runs/told/samples.jsonl');
  const answers = Buffer.from(published ?? [])
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line): AnsweredQuestion => JSON.parse(line));
  expect(answers.length).toBeGreaterThanOrEqual(16);
  for (const { answer, truth, value, correct, reward: earned } of answers) {
    const extracted = extractFromText(answer, 'number', reward).value;
    expect(value, answer).toEqual(extracted);
    expect(correct, answer).toBe(
      extracted !== null && sameAnswer(extracted, required(truth, 'the right answer'), comparison),
    );
    expect(earned).toBe(correct ? 1 : 0);
  }
  // Every answer with a digit has a value, though few say the marker.
  expect(answers.some(({ value }) => value !== null)).toBe(true);

  const { events } = await handle.fetchHistory();
  const inputsOf = (type: string): readonly unknown[] =>
    (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: asked }) =>
      asked?.activityType?.name === type
        ? [JSON.parse(Buffer.from(asked.input?.payloads?.[0]?.data ?? []).toString())]
        : [],
    );
  expect(inputsOf('prepareData')).toMatchObject([{ comparison }]);
  const tallies = inputsOf('tallyEvaluation');
  expect(tallies.length).toBeGreaterThan(0);
  for (const input of tallies) expect(input).toMatchObject({ comparison });
}, 180_000);
