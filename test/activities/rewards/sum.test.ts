/** The reward `sum`: weights, parts by name, and which part says what is right. */
import { expect, it } from 'vitest';
import { comparisonOf, misfitsOf, rewardNamed, rewardSchema } from '../../../activities/rewards/index.js';
import type { RewardTools } from '../../../activities/rewards/reward.js';
import type { AskedQuestion, Response } from '../../../activities/rewards/samples.js';
import type { ScoringRequest } from '../../../activities/rewards/scorers.js';
import { createScoreInBatches } from '../../../activities/scoreInBatches.js';
import { createMemoryStore } from '../data/memoryStore.js';

const examples = ['q1', 'q2'].map((id): AskedQuestion => ({ id, question: '?', prompt: '?', answerValue: 18 }));
const responses = ['Therefore, the answer is: 18', 'no idea'].map(
  (text, example): Response => ({ example, sample: 0, text: `\n${text}`, truncated: false, tokens: [], logProbs: [] }),
);

const signal = new AbortController().signal;
const onProgress = (): void => undefined;

/** Scorers that tell the length of a text. */
const scoreLength = async (request: ScoringRequest): Promise<unknown> => ({
  scores: request.responses.map(({ text }) => ({
    reward: text.length,
    correct: true,
    value: 7,
    parts: { half: text.length / 2 },
  })),
});
const notNeeded = (): Promise<never> => Promise.reject(new Error('not needed'));
const tools: RewardTools = {
  format: 'natural',
  answerKind: 'number',
  sandbox: { run: notNeeded, judge: notNeeded },
  scorers: {
    http: (_, request) => scoreLength(request),
    activity: async (_, { responses: given }) => ({ scores: given.map(() => -1) }),
  },
  signal,
  onProgress,
  scoreInBatches: createScoreInBatches(createMemoryStore(), { signal, onProgress }),
};

const terms = [
  { part: 'right', weight: 2, reward: { name: 'answer', partialReward: 0.25 } },
  { part: 'length', weight: -0.5, reward: { name: 'http', url: 'http://scorer/' } },
  { part: 'judge', reward: { name: 'activity', type: 'judge', taskQueue: 'judges' } },
];

function score(given: object) {
  const reward = rewardSchema.parse({ name: 'sum', ...given });
  return rewardNamed('sum').score(examples, responses, reward, tools);
}

it('adds up rewards of every kind with their weights, and reports each with its own parts', async () => {
  const [long = 0, short = 0] = responses.map(({ text }) => text.length);
  expect(await score({ terms })).toStrictEqual([
    {
      reward: 2 - long / 2 - 1,
      correct: true,
      value: 18,
      parts: { right: 1, length: long, 'length.half': long / 2, judge: -1 },
    },
    {
      reward: -short / 2 - 1,
      correct: false,
      value: null,
      failure: 'no-marker',
      parts: { right: 0, length: short, 'length.half': short / 2, judge: -1 },
    },
  ]);
});

it('goes by the part that it is told to go by', async () => {
  expect(await score({ terms, correctBy: 'length' })).toMatchObject([
    { correct: true, value: 7 },
    { correct: true, value: 7 },
  ]);
  expect((await score({ terms, correctBy: 'judge' })).map(({ correct, value }) => [correct, value])).toEqual([
    [false, 'Therefore, the answer is: 18'],
    [false, 'no idea'],
  ]);
});

it('refuses a sum of sums, one name twice, and a part that is not there', () => {
  const problems = (given: object): readonly string[] =>
    rewardSchema.safeParse({ name: 'sum', ...given }).error?.issues.map(({ path }) => path.join('.')) ?? [];
  expect(problems({ terms })).toEqual([]);
  expect(problems({ terms: [{ part: 'a', reward: { name: 'sum', terms } }] })).toEqual(['terms.0.reward.name']);
  expect(problems({ terms: [...terms, { part: 'right', reward: { name: 'answer' } }] })).toEqual(['terms.3.part']);
  expect(problems({ terms, correctBy: 'style' })).toEqual(['correctBy']);
  expect(problems({ terms: [] })).toEqual(['terms']);
  expect(problems({ terms: [{ part: 'a.b', reward: { name: 'answer' } }] })).toEqual(['terms.0.part']);
});

it('fits the data where its terms do, and compares answers as the term that says what is right', () => {
  const wide = { name: 'answer', comparison: { name: 'numeric', relativeTolerance: 0.1 } };
  const sum = rewardSchema.parse({
    name: 'sum',
    terms: [
      { part: 'letter', reward: { name: 'answer', extraction: 'choice-letter' } },
      { part: 'wide', reward: wide },
    ],
    correctBy: 'wide',
  });
  expect(comparisonOf(sum)).toMatchObject({ comparison: { name: 'numeric', relativeTolerance: 0.1 } });
  expect(comparisonOf(rewardSchema.parse({ name: 'answer' }))).toEqual({});
  const misfits = misfitsOf(sum, { format: 'natural', answerKind: 'number', hasValues: true });
  expect(misfits.map(({ field }) => field.join('.'))).toEqual(['terms.0.reward.extraction']);
});
