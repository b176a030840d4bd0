/** CONTRIBUTING's reward in TypeScript: with the imports that the page leaves out, it compiles and scores. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import type { Reward, RewardTools } from '../../activities/rewards/reward.js';
import { putAside, root } from './pageExample.js';

const page = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
const source = required(page.match(/^```ts\n([\s\S]*?)^```$/m)?.[1], 'the example');
const imports = `
import { z } from 'zod';
import { at } from '../invariant.js';
import { answer } from './answer.js';
import type { Reward, RewardTools } from './reward.js';
import type { AskedQuestion, Response, Score } from './samples.js';
`;
const example = await putAside(imports + source, 'activities/rewards/concise.ts');

it('the example compiles', async () => expect(await example.compile()).toBe(''));

it('the example takes a little off for each token', async () => {
  const concise = (await example.load()).concise as Reward;
  const notAsked = (): never => {
    throw new Error('not needed');
  };
  const tools: RewardTools = {
    format: 'natural',
    answerKind: 'number',
    sandbox: { run: notAsked, judge: notAsked },
    scorers: { http: notAsked, activity: notAsked },
    signal: new AbortController().signal,
    onProgress: () => undefined,
    scoreInBatches: notAsked,
  };
  const question = { id: 'q', question: '?', prompt: '?', answerValue: 18 };
  const response = (text: string, length: number) => ({
    example: 0,
    sample: 0,
    tokens: new Array(length).fill(1),
    logProbs: new Array(length).fill(-1),
    truncated: false,
    text,
  });
  const responses = [response('The answer is 18', 3), response('The answer is 17', 10)];
  const options = concise.options.parse({ name: 'concise', tokenCost: 0.01 });
  const scores = await concise.score([question, question], responses, options, tools);
  expect(scores.map(({ reward, correct }) => [reward, correct])).toEqual([
    [0.97, true],
    [0, false],
  ]);
});
