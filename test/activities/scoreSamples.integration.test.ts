/** Scoring as workflows call it: real tokenizer, real sandbox, a store in memory. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../activities/data/tokenizer/loadTokenizer.js';
import type { Example, PreparedData } from '../../activities/data/types.js';
import { at } from '../../activities/invariant.js';
import { createPrepareData } from '../../activities/prepareData.js';
import { answerMarker } from '../../activities/rewards/answerFormat.js';
import * as rewards from '../../activities/rewards/index.js';
import type { Reward } from '../../activities/rewards/reward.js';
import type { Sample, Score, ScoredSample } from '../../activities/rewards/samples.js';
import { createSandboxPool, type SandboxPool } from '../../activities/rewards/sandbox/pool.js';
import { createScoreSamples } from '../../activities/scoreSamples.js';
import { dataSchema } from '../../workflows/config/data.js';
import { createMemoryStore } from './data/memoryStore.js';
import { noHub, workDirectory } from './data/sourceAccess.js';

const store = createMemoryStore();
let sandbox: SandboxPool;
let data: PreparedData;
let tokenizer: Tokenizer;
let examples: readonly Example[];
/** The token behind annotated answers. */
let end: number;

async function prepare(cot: 'program' | 'natural', tokens: 'word' | 'bytePair' = 'word'): Promise<void> {
  const sizes = { train: 30, test: 10, validation: 10 };
  const spec = dataSchema.parse({ source: 'generated', cot, tokenizer: { kind: tokens }, ...sizes });
  data = await createPrepareData({ store, sandbox, dataDirectory: undefined, workDirectory, hub: noHub })({
    data: spec,
    seed: 1,
  });
  tokenizer = loadTokenizer(await store.getJson(data.tokenizer));
  end = at(data.endTokens, 0);
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
  truncated: !data.endTokens.includes(tokens.at(-1) ?? -1),
});

const paper = rewards.rewardSchema.parse({ name: 'answer' });

async function score(samples: readonly Sample[], reward = paper) {
  const { format, answerKind, endTokens, padToken, tokenizer: tokenizerRef, train } = data;
  const input = {
    samples: await store.putLines(samples),
    data: train,
    reward,
    tokenizer: tokenizerRef,
    endTokens,
    padToken,
    format,
    answerKind,
  };
  const result = await createScoreSamples({ store, sandbox, environment: {} })(input);
  return { result, scored: (await store.getLines(result.scored)) as ScoredSample[] };
}

it('rewards programs 1, 0.1 and 0, and keeps their samples', async () => {
  await prepare('program');
  const annotated = examples.map(({ answerTokens = [] }, index) => sampleOf(index, answerTokens));
  // The next question's answer is wrong for this one, unless the two happen to agree.
  const wrong = examples.findIndex(({ answerValue }, index) => examples[index + 1]?.answerValue !== answerValue);
  const others = [
    sampleOf(wrong, examples[wrong + 1]?.answerTokens ?? [], 1),
    sampleOf(wrong, [end], 2),
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
    sampleOf(0, [...tokenizer.encode(`${answerMarker}${word}`), end], sample);
  const samples = ['a', 'a', 'has', '5'].map(say);
  expect((await score(samples)).result.choices).toEqual({});
  data = { ...data, answerKind: 'choice' };
  const { result, scored } = await score(samples);
  expect(scored.map(({ value }) => value)).toEqual(['a', 'a', 'has', '5']);
  expect(result.choices).toEqual({ a: 2 });
});

it('tokens-after-end: nothing behind the first end token is read, counted or kept', async () => {
  await prepare('natural', 'bytePair');
  const { answerValue = 0 } = examples[0] ?? {};
  const said = tokenizer.encode(`${answerMarker}${answerValue}`);
  const other = tokenizer.encode('x')[0] ?? -1;
  data = { ...data, endTokens: [end, other] };
  for (const first of data.endTokens) {
    const { scored } = await score([sampleOf(0, [...said, first, ...tokenizer.encode('8'), end])]);
    const tokens = [...said, first];
    expect(scored).toMatchObject([{ value: answerValue, correct: true, truncated: false, tokens }]);
    expect(scored[0]?.logProbs).toEqual(tokens.map(() => -1));
    expect(scored[0]?.text).toBe(`${answerMarker}${answerValue}`);
  }
});

it('refuses samples of questions that are not there', async () => {
  await prepare('program');
  await expect(score([sampleOf(30, [end])])).rejects.toMatchObject({ name: 'InvalidData' });
});

it('gives a wrong answer the part of the reward that the specification names', async () => {
  await prepare('natural');
  const say = (number: number): Sample => sampleOf(0, [...tokenizer.encode(`${answerMarker}${number}`), end], number);
  const reward = rewards.rewardSchema.parse({ name: 'answer', partialReward: 0.25 });
  const { scored } = await score([say(0), say(Number(examples[0]?.answerValue))], reward);
  expect(scored.map((one) => [one.reward, one.correct])).toEqual([
    [0.25, false],
    [1, true],
  ]);
});

describe('any reward', () => {
  /** Stands in for the registry's. */
  function giving(scores: readonly Score[]): void {
    const reward: Reward = { options: rewards.rewardNamed('answer').options, score: async () => scores };
    vi.spyOn(rewards, 'rewardNamed').mockReturnValue(reward);
  }
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const wrong: Score = { reward: 5, correct: false, value: null, failure: 'rude' };
  const right: Score = { reward: -2, correct: true, value: 'yes' };
  const samples = (): Sample[] => [sampleOf(3, [end], 0), sampleOf(3, [end], 1)];

  it('may pay more for what is wrong: accuracy goes by what is correct', async () => {
    await prepare('program');
    giving([wrong, right]);
    const { result, scored } = await score(samples());
    expect(result).toMatchObject({ count: 2, correct: 1, extracted: 1, meanReward: 1.5, rewardOfCorrect: -2 });
    expect(result.failures).toEqual({ rude: 1 });
    expect(scored).toMatchObject([wrong, right]);
    expect(scored[1]).not.toHaveProperty('failure');
    expect(scored[1]).not.toHaveProperty('parts');
  });

  it('may name parts, which are kept with the samples and added up over those that have them', async () => {
    await prepare('program');
    giving([
      { ...wrong, parts: { style: 0.5, length: -3 } },
      { ...right, parts: { style: 0.25 } },
    ]);
    const { result, scored } = await score(samples());
    expect(result.parts).toEqual({ style: { total: 0.75, count: 2 }, length: { total: -3, count: 1 } });
    expect(scored.map(({ parts }) => parts)).toEqual([{ style: 0.5, length: -3 }, { style: 0.25 }]);
  });

  it('must give a finite number for each response', async () => {
    await prepare('program');
    for (const reward of [Number.NaN, Number.POSITIVE_INFINITY]) {
      giving([right, { ...wrong, reward }]);
      await expect(score(samples())).rejects.toMatchObject({
        name: 'InvalidReward',
        message: `reward answer, sample 1 of question "${examples[3]?.id}": the reward is ${reward}, not a finite number`,
      });
    }
    giving([right, { ...wrong, parts: { style: Number.NaN } }]);
    await expect(score(samples())).rejects.toThrow('the part style is NaN, not a finite number');
    giving([right]);
    await expect(score(samples())).rejects.toMatchObject({
      name: 'InvalidReward',
      message: 'reward answer gave 1 scores for 2 responses',
    });
  });
});
