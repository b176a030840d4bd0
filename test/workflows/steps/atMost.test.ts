/** The bound on work under way: by itself, and on the shards of thousands of questions. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { atMost } from '../../../activities/atMost.js';
import type { PreparedData } from '../../../activities/data/types.js';
import { openJournal } from '../../../workflows/monitoring/journal.js';
import { answerQuestions } from '../../../workflows/steps/rollout.js';

const underWay = vi.hoisted(() => ({ now: 0, most: 0 }));

/** Activities that take turns to end, in no order. */
vi.mock('../../../workflows/steps/activities.js', () => {
  const activity = (answer: (input: Record<string, number>) => unknown) => ({
    executeWithOptions: async (_: unknown, [input]: [Record<string, number>]) => {
      underWay.now += 1;
      underWay.most = Math.max(underWay.most, underWay.now);
      for (let turns = Math.floor(5 * Math.random()); turns >= 0; turns--) await new Promise(setImmediate);
      underWay.now -= 1;
      return answer(input);
    },
  });
  const work = { engineSeconds: 1, forwardTokens: 1, backwardTokens: 0, generatedTokens: 1 };
  const rollout = (input: Record<string, unknown>) => {
    const { from } = input.selection as { readonly from: number };
    return { samples: from, count: 10, meanLength: 1, longest: 1, truncated: 0, work };
  };
  const scoreSamples = ({ samples }: Record<string, number>) => ({
    scored: samples,
    count: 10,
    correct: 1,
    extracted: 5,
    meanReward: 0.5,
    failures: {},
    choices: {},
    parts: {},
  });
  return { engine: { rollout: activity(rollout) }, general: { scoreSamples: activity(scoreSamples) } };
});

afterEach(() => {
  underWay.now = 0;
  underWay.most = 0;
});

describe('atMost', () => {
  it('begins the next piece as soon as one ends, and gives results in order', async () => {
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const all = atMost(3, [10, 20, 30, 40, 50], async (item, index) => {
      begun.push(index);
      await new Promise<void>((resolve) => {
        ends[index] = resolve;
      });
      return 2 * item;
    });
    expect(begun).toEqual([0, 1, 2]);
    ends[1]?.();
    await vi.waitFor(() => expect(begun).toEqual([0, 1, 2, 3]));
    ends[3]?.();
    await vi.waitFor(() => expect(begun).toEqual([0, 1, 2, 3, 4]));
    for (const end of ends) end();
    expect(await all).toEqual([20, 40, 60, 80, 100]);
  });

  it('begins nothing after a failure, and takes an empty list', async () => {
    const begun: number[] = [];
    const failing = atMost(2, [0, 1, 2, 3, 4], async (item) => {
      begun.push(item);
      await new Promise(setImmediate);
      if (item === 0) throw new Error('no memory');
    });
    await expect(failing).rejects.toThrow('no memory');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(begun.length).toBeLessThan(5);
    expect(await atMost(2, [], async () => 1)).toEqual([]);
  });
});

describe('answerQuestions', () => {
  it('has no more than a bounded number of shards under way, of however many, and gives them in order', async () => {
    const questions = { key: 'objects/0', sha256: '0', bytes: 1, count: 30_000 };
    let done = 0;
    const answers = await answerQuestions({
      journal: openJournal(),
      spec: {
        seed: 1,
        generation: { maxAnswerTokens: 24, questionsPerShard: 250 },
        reward: { name: 'answer', partialReward: 0.1 },
        fleet: { shardsAtOnce: 24 },
      },
      data: {} as PreparedData,
      checkpoint: { ...questions, step: 1, weightBytes: 4_000 },
      questions,
      samples: 100,
      temperature: 1,
      purpose: 'sample-self-training',
      round: 0,
      label: 'many',
      onShard: () => {
        done += 1;
      },
    });
    // At 100 samples a question, a shard has ten.
    expect(answers.scored).toEqual(Array.from({ length: 3_000 }, (_, shard) => 10 * shard));
    expect([done, answers.count, answers.correct]).toEqual([3_000, 30_000, 3_000]);
    expect(underWay.most).toBe(24);
  });
});
