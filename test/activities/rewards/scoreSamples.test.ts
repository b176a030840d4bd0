/** Scoring and tallying as workflows call them: real tokenizer, real sandbox, a store in memory. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerMarker } from '../../../activities/data/format.js';
import { loadTokenizer, type Tokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import type { Example, PreparedData } from '../../../activities/data/types.js';
import { createPrepareData } from '../../../activities/prepareData.js';
import type { RewardModelScore, Sample, ScoredSample } from '../../../activities/rewards/samples.js';
import { createSandboxPool, type SandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import { createScoreSamples } from '../../../activities/scoreSamples.js';
import { createTallyEvaluation } from '../../../activities/tallyEvaluation.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { createMemoryStore } from '../data/memoryStore.js';

const store = createMemoryStore();
let sandbox: SandboxPool;
let data: PreparedData;
let tokenizer: Tokenizer;
let examples: readonly Example[];

async function prepare(cot: 'program' | 'natural', tokens: 'word' | 'bytePair' = 'word'): Promise<void> {
  const sizes = { train: 30, test: 10, validation: 10 };
  const spec = dataSchema.parse({ source: 'generated', cot, tokenizer: { kind: tokens }, ...sizes });
  data = await createPrepareData({ store, sandbox, dataDirectory: undefined })({ data: spec, seed: 1 });
  tokenizer = loadTokenizer(await store.getJson(data.tokenizer));
  examples = (await store.getLines(data.train)) as Example[];
}

beforeAll(async () => {
  sandbox = createSandboxPool({ processes: 1, secondsPerProgram: 1, megabytes: 128 });
  await sandbox.warmUp();
});
afterAll(() => sandbox.close());

const sampleOf = (example: number, tokens: readonly number[], sample = 0): Sample => ({
  example,
  sample,
  tokens,
  logProbs: tokens.map(() => -1),
  truncated: tokens.at(-1) !== data.endToken,
});

async function score(samples: readonly Sample[]) {
  const { format, answerKind, endToken, padToken, tokenizer: tokenizerRef, train } = data;
  const input = {
    samples: await store.putLines(samples),
    data: train,
    tokenizer: tokenizerRef,
    endToken,
    padToken,
    format,
    answerKind,
  };
  const result = await createScoreSamples({ store, sandbox })(input);
  return { result, scored: (await store.getLines(result.scored)) as ScoredSample[] };
}

it('rewards programs 1, 0.1 and 0, and keeps their samples', async () => {
  await prepare('program');
  const annotated = examples.map(({ answerTokens = [] }, index) => sampleOf(index, answerTokens));
  // The next question's answer is wrong for this one, unless the two happen to agree.
  const wrong = examples.findIndex(({ answerValue }, index) => examples[index + 1]?.answerValue !== answerValue);
  const others = [
    sampleOf(wrong, examples[wrong + 1]?.answerTokens ?? [], 1),
    sampleOf(wrong, [data.endToken], 2),
    sampleOf(wrong, (examples[wrong]?.answerTokens ?? []).slice(0, 3), 3),
    sampleOf(wrong, (examples[wrong]?.answerTokens ?? []).slice(0, -1), 4),
  ];
  const { result, scored } = await score([...annotated, ...others]);
  expect(scored.slice(0, 30).every(({ reward, correct }) => reward === 1 && correct)).toBe(true);
  expect(scored.slice(30).map(({ reward, failure }) => [reward, failure])).toEqual([
    [0.1, undefined],
    [0, 'syntax'],
    [0, expect.any(String)],
    [1, undefined], // truncated, yet whole: scored like any other
  ]);
  expect(scored.map(({ text, value, correct, reward, failure, ...sample }) => sample)).toEqual([
    ...annotated,
    ...others,
  ]);
  expect(result).toMatchObject({ count: 34, correct: 31, extracted: 32 });
  expect(result.meanReward).toBeCloseTo(31.1 / 34, 12);
  expect(Object.values(result.failures).reduce((sum, count) => sum + count, 0)).toBe(2);
});

it('writes the same bytes again, and in whatever company', async () => {
  await prepare('program');
  const samples = examples.map(({ answerTokens = [] }, index) => sampleOf(index, answerTokens));
  const [first, second, reversed] = [await score(samples), await score(samples), await score([...samples].reverse())];
  expect(second.result.scored.sha256).toBe(first.result.scored.sha256);
  expect(reversed.scored).toEqual([...first.scored].reverse());
});

it('scores chains of thought by their marker', async () => {
  await prepare('natural');
  const answer = examples[0]?.answerTokens ?? [];
  const markerless = tokenizer.encode((examples[0]?.answer ?? '').split(answerMarker)[0] ?? '');
  const { scored } = await score([sampleOf(0, answer), sampleOf(0, markerless, 1)]);
  expect(scored).toMatchObject([
    { reward: 1, value: examples[0]?.answerValue },
    { reward: 0, value: null, failure: 'no-marker' },
  ]);
});

it('counts the option letters that answers to multiple choice name, and nothing else', async () => {
  await prepare('natural', 'bytePair');
  const say = (word: string, sample: number): Sample =>
    sampleOf(0, [...tokenizer.encode(`${answerMarker}${word}`), data.endToken], sample);
  const samples = ['a', 'a', 'has', '5'].map(say);
  expect((await score(samples)).result.choices).toEqual({});
  data = { ...data, answerKind: 'choice' };
  const { result, scored } = await score(samples);
  expect(scored.map(({ value }) => value)).toEqual(['a', 'a', 'has', '5']);
  expect(result.choices).toEqual({ a: 2 });
});

it('refuses samples of questions that are not there', async () => {
  await prepare('program');
  await expect(score([sampleOf(30, [data.endToken])])).rejects.toMatchObject({ name: 'InvalidData' });
});

const scoredOf = (example: number, sample: number, value: number | null, correct: boolean): ScoredSample => ({
  example,
  sample,
  tokens: [],
  logProbs: [],
  truncated: false,
  text: '',
  value,
  correct,
  reward: 0,
});

it('tallies all metrics over shards', async () => {
  const tally = createTallyEvaluation({ store });
  const questions = { ...(await store.putLines([])), count: 2 };
  const greedy = [await store.putLines([scoredOf(0, 0, 1, true)]), await store.putLines([scoredOf(1, 0, 5, false)])];
  // Question 0: the majority is wrong, the reward model knows better. Question 1: nothing right anywhere.
  const first = [scoredOf(0, 0, 9, false), scoredOf(0, 1, 9.001, false), scoredOf(0, 2, 1, true)];
  const second = [scoredOf(1, 0, null, false), scoredOf(1, 1, 5, false), scoredOf(1, 2, 6, false)];
  const judge = (scored: readonly ScoredSample[], probabilities: readonly number[]): RewardModelScore[] =>
    scored.map(({ example, sample }, index) => ({ example, sample, probability: probabilities[index] ?? 0 }));
  const sampled = [await store.putLines(first), await store.putLines(second)];
  const rewardModelScores = [
    await store.putLines(judge(first, [0.3, 0.3, 0.7])),
    await store.putLines(judge(second, [0.9, 0.1, 0.1])),
  ];
  const { metrics, verdicts } = await tally({ data: questions, greedy, sampled, rewardModelScores });
  expect(metrics).toMatchObject({
    top1: { correct: 1, count: 2, percent: 50 },
    voting: { correct: 0 },
    reranking: { correct: 1 },
    weightedVoting: { correct: 1 },
    upperBound: { correct: 1 },
    passAt: [{ k: 1 }, { k: 2 }, { k: 3, percent: 50 }],
    samples: 3,
  });
  expect(metrics.passAt?.[0]?.percent).toBeCloseTo(100 / 6);
  expect(metrics.passAt?.[1]?.percent).toBeCloseTo(100 / 3);
  expect(await store.getLines(verdicts)).toEqual([
    { top1: true, voting: false, reranking: true, weightedVoting: true, correct: 1 },
    { top1: false, voting: false, reranking: false, weightedVoting: false, correct: 0 },
  ]);
  const greedyOnly = await tally({ data: questions, greedy, sampled: [], rewardModelScores: [] });
  expect(greedyOnly.metrics).toEqual({ top1: metrics.top1, samples: 0 });
  expect((await tally({ data: questions, greedy, sampled, rewardModelScores: [] })).metrics).not.toHaveProperty(
    'reranking',
  );
});

it('refuses to tally part of the questions, or rewardModelScores of other samples', async () => {
  const tally = createTallyEvaluation({ store });
  const questions = { ...(await store.putLines([])), count: 2 };
  const one = await store.putLines([scoredOf(0, 0, 1, true)]);
  const both = await store.putLines([scoredOf(0, 0, 1, true), scoredOf(1, 0, 1, true)]);
  const swapped = await store.putLines([
    { example: 1, sample: 0, probability: 1 },
    { example: 0, sample: 0, probability: 1 },
  ]);
  const refused = { name: 'InvalidData' };
  await expect(tally({ data: questions, greedy: [one], sampled: [], rewardModelScores: [] })).rejects.toMatchObject(
    refused,
  );
  await expect(
    tally({ data: questions, greedy: [both, both], sampled: [], rewardModelScores: [] }),
  ).rejects.toMatchObject(refused);
  await expect(
    tally({ data: questions, greedy: [both], sampled: [both], rewardModelScores: [swapped] }),
  ).rejects.toMatchObject(refused);
  await expect(tally({ data: questions, greedy: [both], sampled: [one], rewardModelScores: [] })).rejects.toMatchObject(
    refused,
  );
  await expect(
    tally({ data: questions, greedy: [both], sampled: [one, one], rewardModelScores: [] }),
  ).rejects.toMatchObject(refused);
});
