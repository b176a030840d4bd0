/** Batches of an expensive reward: what is asked for, what is stored, and what is never asked for again. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type BatchedScoring, cutIntoBatches, type NumberedPair, type Pair } from '../../activities/rewards/batches.js';
import type { AskedQuestion, Response, Score } from '../../activities/rewards/samples.js';
import { createScoreInBatches } from '../../activities/scoreInBatches.js';
import type { Store } from '../../activities/store/types.js';
import { createMemoryStore } from './data/memoryStore.js';

const questions = ['a', 'b', 'c'].map(
  (id): AskedQuestion => ({ id, question: `${id}?`, prompt: `${id}?\n`, answerValue: 1 }),
);

function respond(example: number, sample: number, text: string, truncated = false): [AskedQuestion, Response] {
  const question = questions[example];
  if (question === undefined) throw new Error(`no question ${example}`);
  return [question, { example, sample, text, truncated, tokens: [sample], logProbs: [-1] }];
}

/** Seven responses, four distinct pairs: three to question a (one of them cut off), one to b. */
const rows = [
  respond(0, 0, 'x'),
  respond(0, 1, 'y'),
  respond(0, 2, 'x'),
  respond(0, 3, 'x', true),
  respond(1, 0, 'x'),
  respond(1, 1, 'x'),
  respond(0, 4, 'y'),
];
const examples = rows.map(([example]) => example);
const responses = rows.map(([, response]) => response);

let store: Store;
let asked: (readonly Pair[])[];
let done: number[];
beforeEach(() => {
  store = createMemoryStore();
  asked = [];
  done = [];
});

/** A score that tells from which pair it comes. */
const scoreOf = ({ example, response }: Pair): Score => ({
  reward: response.text.charCodeAt(0),
  correct: response.truncated,
  value: `${example.id}${response.text}`,
});

const scoring: BatchedScoring = {
  reward: 'http',
  edition: 1,
  content: { url: 'http://scorer' },
  most: { pairs: 3, bytes: 10_000 },
  atOnce: 1,
  ask: async (pairs) => {
    asked.push(pairs);
    return pairs.map(scoreOf);
  },
};

function score(changed: Partial<BatchedScoring> = {}, signal = new AbortController().signal) {
  const scoreInBatches = createScoreInBatches(store, { signal, onProgress: (count) => done.push(count) });
  return scoreInBatches(examples, responses, { ...scoring, ...changed });
}

describe('batches', () => {
  it('hold each distinct pair once, and every response gets its pair’s score', async () => {
    expect(await score()).toEqual(rows.map(([example, response]) => scoreOf({ example, response })));
    expect(asked.map((pairs) => pairs.map(({ example, response }) => [example.id, response]))).toEqual([
      [
        ['a', { text: 'x', truncated: false }],
        ['a', { text: 'y', truncated: false }],
        ['a', { text: 'x', truncated: true }],
      ],
      [['b', { text: 'x', truncated: false }]],
    ]);
    expect(done).toEqual([5, 7]);
  });

  it('are cut by bytes of UTF-8 as well', () => {
    const pairs = ['é'.repeat(100), 'e'.repeat(100), 'e'].map((text, sample): NumberedPair => {
      const [example] = respond(0, 0, '');
      return { example, response: { text, truncated: false }, sample };
    });
    const sizes = (bytes: number): number[] =>
      cutIntoBatches(pairs, { reward: 'http', most: { pairs: 9, bytes } }).map(({ length }) => length);
    const [first, second, third] = pairs.map(
      ({ example, response }) => Buffer.from(JSON.stringify([example, response])).length,
    ) as [number, number, number];
    expect(sizes(first + second + third)).toEqual([3]);
    expect(sizes(first + second + third - 1)).toEqual([2, 1]);
    expect(sizes(first)).toEqual([1, 2]);
    expect(() => sizes(first - 1)).toThrow(
      `reward http: sample 0 of question "a" with its question is ${first} bytes of JSON, a batch has at most ${first - 1}`,
    );
  });

  it('of nothing are none', async () => {
    const scoreInBatches = createScoreInBatches(store, {
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(await scoreInBatches([], [], scoring)).toEqual([]);
    expect(asked).toEqual([]);
  });
});

describe('stored scores', () => {
  it('are not asked for again', async () => {
    const first = await score();
    const before = asked.length;
    expect(await score()).toEqual(first);
    expect(asked.length).toBe(before);
    expect(done).toEqual([5, 7, 5, 7]);
  });

  it('are of one content: other options, another edition, question or text ask anew', async () => {
    await score();
    await score({ content: { url: 'http://other' } });
    await score({ edition: 2 });
    expect(asked.length).toBe(6);
  });

  it('outlive a failure of another batch, which fails the scoring once all under way have ended', async () => {
    const ask: BatchedScoring['ask'] = async (pairs, batch) => {
      if (pairs.length === 3) throw new Error('down');
      await new Promise((resolve) => setTimeout(resolve, 20));
      return scoring.ask(pairs, batch);
    };
    await expect(score({ ask, atOnce: 2 })).rejects.toThrow('down');
    expect(asked.map(({ length }) => length)).toEqual([1]);
    await score({ atOnce: 2 });
    expect(asked.map(({ length }) => length)).toEqual([1, 3]);
  });

  it('are asked for under a hash that is the same for every attempt, and nothing is after an abort', async () => {
    const hashes: string[] = [];
    const ask: BatchedScoring['ask'] = async (_, { hash }) => {
      hashes.push(hash);
      throw new Error('down');
    };
    await expect(score({ ask })).rejects.toThrow('down');
    await expect(score({ ask })).rejects.toThrow('down');
    expect(new Set(hashes).size).toBe(1);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    await expect(score({ ask }, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
    expect(hashes.length).toBe(2);
  });

  it('are sound: none is stored of a batch with a reward that is not finite or missing', async () => {
    const ask: BatchedScoring['ask'] = async (pairs) => pairs.map((pair) => ({ ...scoreOf(pair), reward: Number.NaN }));
    const refused = { name: 'InvalidReward', message: expect.stringContaining('sample 0 of question "a"') };
    await expect(score({ ask })).rejects.toMatchObject(refused);
    await expect(score({ ask: async () => [] })).rejects.toThrow('reward http gave 0 scores for 3 responses');
    await score();
    expect(asked.length).toBe(2);
  });

  it('that are damaged say so', async () => {
    await score();
    for (const text of ['{', '[]', '[{"reward":1}]']) {
      const damaged: Store = { ...store, read: async () => Buffer.from(text) };
      const scoreInBatches = createScoreInBatches(damaged, {
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      await expect(scoreInBatches(examples, responses, scoring)).rejects.toMatchObject({ name: 'CorruptObject' });
    }
  });
});
