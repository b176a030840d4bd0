/** The reward `answer` on a batch of responses, with a stand-in for the sandbox. */
import { expect, it } from 'vitest';
import { type AnswerOptions, answer } from '../../../activities/rewards/answer.js';
import { functionStart } from '../../../activities/rewards/answerFormat.js';
import { comparisonOf, rewardSchema } from '../../../activities/rewards/index.js';
import type { RewardTools } from '../../../activities/rewards/reward.js';
import type { ProgramOutcome } from '../../../activities/rewards/sandbox/outcome.js';

const options: AnswerOptions = { name: 'answer', partialReward: 0.25 };
const { signal } = new AbortController();

function batch(texts: readonly string[]) {
  const examples = texts.map((_, index) => ({ id: `q${index}`, question: '', prompt: '', answerValue: 18 }));
  const responses = texts.map((text, index) => ({
    example: index,
    sample: 0,
    tokens: [],
    logProbs: [],
    truncated: false,
    text,
  }));
  return [examples, responses] as const;
}

/** The reward `answer` asks nobody and keeps nothing. */
const notNeeded = (): never => {
  throw new Error('not needed');
};
const unused = { scorers: { http: notNeeded, activity: notNeeded }, scoreInBatches: notNeeded };

/** Programs are `return <number>`, others raise; tells of each program one by one. */
function standIn(run: string[]): RewardTools['sandbox'] {
  return {
    judge: notNeeded,
    run: async (programs, given) => {
      expect(given?.signal).toBe(signal);
      return programs.map((program, index): ProgramOutcome => {
        run.push(program);
        given?.onProgress?.(index + 1);
        const [, number] = /return (\d+)$/.exec(program) ?? [];
        return number === undefined
          ? { ok: false, failure: 'exception', detail: '' }
          : { ok: true, text: number, number: `${number}.0` };
      });
    },
  };
}

it('scores programs in order, runs equal ones once, and counts responses as they are done', async () => {
  const [run, done]: [string[], number[]] = [[], []];
  const [right, wrong, broken] = ['  return 18', '  return 7', '  raise'];
  const texts = [right, wrong, right, broken, right, right, wrong];
  const tools: RewardTools = {
    format: 'program',
    answerKind: 'number',
    sandbox: standIn(run),
    signal,
    onProgress: (count) => done.push(count),
    ...unused,
  };
  const scores = await answer.score(...batch(texts), options, tools);
  const expected = new Map([
    [right, { correct: true, reward: 1, value: 18 }],
    [wrong, { correct: false, reward: 0.25, value: 7 }],
    [broken, { correct: false, reward: 0, value: null, failure: 'exception' }],
  ]);
  expect(scores).toStrictEqual(texts.map((text) => expected.get(text)));
  expect(run).toEqual([right, wrong, broken].map((text) => functionStart + text));
  // A third of the programs stands for a third of the seven responses, in whole responses.
  expect(done).toEqual([2, 4, 7]);
});

it('reads and compares as it is told', async () => {
  const tools: RewardTools = {
    format: 'natural',
    answerKind: 'number',
    sandbox: standIn([]),
    signal,
    onProgress: () => undefined,
    ...unused,
  };
  const told = answer.options.parse({
    name: 'answer',
    extraction: 'last-number',
    comparison: { name: 'numeric', absoluteTolerance: 1 },
    partialReward: 0,
  });
  expect(await answer.score(...batch(['9 and 9 are 18.5 eggs.', 'It is 20.', 'None.']), told, tools)).toStrictEqual([
    { correct: true, reward: 1, value: 18.5 },
    { correct: false, reward: 0, value: 20 },
    { correct: false, reward: 0, value: null, failure: 'no-number' },
  ]);
});

it('reads a chain of thought in words without the sandbox', async () => {
  const run: string[] = [];
  const tools: RewardTools = {
    format: 'natural',
    answerKind: 'number',
    sandbox: standIn(run),
    signal,
    onProgress: () => undefined,
    ...unused,
  };
  const texts = ['\nTherefore, the answer is: 18', '  return 18', '\nTherefore, the answer is: 18.5'];
  expect(await answer.score(...batch(texts), options, tools)).toStrictEqual([
    { correct: true, reward: 1, value: 18 },
    { correct: false, reward: 0, value: null, failure: 'no-marker' },
    { correct: false, reward: 0.25, value: 18.5 },
  ]);
  expect(run).toEqual([]);
});

it('compares texts as texts where it names no comparison, and numbers as ever', async () => {
  const tools = { ...unused, format: 'natural', sandbox: standIn([]), signal, onProgress: () => undefined } as const;
  const said = ['**New  York**.', 'new york', 'York', '"New York"'];
  const [, responses] = batch(said.map((text) => `So.\nTherefore, the answer is: ${text}`));
  const examples = responses.map((_, index) => ({
    id: `q${index}`,
    question: '',
    prompt: '',
    answerValue: 'New York.',
  }));
  const texts = await answer.score(examples, responses, options, { ...tools, answerKind: 'text' });
  expect(texts.map(({ correct, reward }) => [correct, reward])).toEqual([
    [true, 1],
    [true, 1],
    [false, 0.25],
    [true, 1],
  ]);
  const exact = { ...options, comparison: { name: 'exact' } } as const;
  const named = await answer.score(examples, responses, exact, { ...tools, answerKind: 'text' });
  expect(named.map(({ correct }) => correct)).toEqual([false, false, false, false]);
  const numbers = batch(['The answer is 18.004', 'The answer is 18.02']);
  const scores = await answer.score(...numbers, options, { ...tools, answerKind: 'number' });
  expect(scores.map(({ correct }) => correct)).toEqual([true, false]);
});

it('has votes go by texts where answers are texts, and by what it names where it names something', () => {
  const reward = rewardSchema.parse({ name: 'answer' });
  expect(comparisonOf(reward, 'text')).toEqual({ comparison: { name: 'text' } });
  expect([comparisonOf(reward), comparisonOf(reward, 'number'), comparisonOf(reward, 'choice')]).toEqual([{}, {}, {}]);
  const latex = rewardSchema.parse({ name: 'answer', comparison: { name: 'latex' } });
  expect(comparisonOf(latex, 'text')).toEqual({ comparison: { name: 'latex' } });
  // Where the last number is the answer, files are read for numbers.
  const lastNumber = rewardSchema.parse({ name: 'answer', extraction: 'last-number' });
  expect(comparisonOf(lastNumber)).toMatchObject({ comparison: { name: 'numeric', absoluteTolerance: 0.01 } });
});
