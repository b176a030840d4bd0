/** A model behind OpenAI's interface, asked by OpenAI's own client, and `reft ask`. The model has random weights. */

import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeConfig } from '../../../activities/engine/models/index.js';
import { initialise } from '../../../activities/engine/tasks/initialise.js';
import { configOfScratch } from '../../../activities/initialiseModel.js';
import { at } from '../../../activities/invariant.js';
import { createPrepareData } from '../../../activities/prepareData.js';
import type { Listening } from '../../../infra/process/listen.js';
import { createDryStore } from '../../../workers/command/dryStore.js';
import { openModel } from '../../../workers/serving/openModel.js';
import { startServer } from '../../../workers/serving/server.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { reftAt } from '../../support/reftCommand.js';

const spec = resolveSpec({ preset: 'smoke' });
const begun = 'def solution():\n';
const question = [{ role: 'user', content: 'Tom has 3 apples and buys 4. How many has he?' }] as const;

let folder: string;
let server: Listening;
let client: OpenAI;
let model: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reft-serving-'));
  await writeModelFolder(folder);
  const served = await openModel(folder, 'program');
  model = served.name;
  server = await startServer(served, '127.0.0.1', 0);
  client = new OpenAI({ apiKey: 'none', baseURL: `${server.address}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** As a run of the preset `smoke` leaves it before any training. */
async function writeModelFolder(directory: string): Promise<void> {
  const store = createDryStore(undefined);
  const sandbox = { run: async () => [], warmUp: async () => undefined };
  const dependencies = { store, sandbox, hub: {}, dataDirectory: undefined, workDirectory: directory };
  const data = await createPrepareData(dependencies)({ data: spec.data, seed: 0 });
  if ('from' in spec.model) throw new Error('the preset smoke has a model from scratch');
  const config = configOfScratch(spec.model, data);
  const context = { onProgress: () => undefined, isCancelled: () => false };
  const { files } = await initialise({ config, seed: 0, outputDirectory: join(directory, 'weights') }, context);
  await copyFile(files.parameters, join(directory, 'model.safetensors'));
  await writeFile(join(directory, 'config.json'), JSON.stringify(writeConfig(config)));
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(await store.getJson(data.tokenizer)));
}

const chat = (more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
  client.chat.completions.create({ model, messages: [...question], seed: 7, max_tokens: 12, ...more });

const refusal = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => 'nothing',
    (error: unknown) => (error instanceof APIError ? { status: error.status, ...(error.error as object) } : error),
  );

describe('a served model', () => {
  it('is listed', async () => {
    const { data } = await client.models.list();
    expect(data).toEqual([expect.objectContaining({ id: model, object: 'model', owned_by: 'reft' })]);
    expect(await client.models.retrieve(model)).toMatchObject({ id: model });
  });

  it('answers chats, as often as is asked, the same with the same seed', async () => {
    const first = await chat({ n: 3, logprobs: true });
    expect(first.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const { message, logprobs, finish_reason } of first.choices) {
      expect(message.role).toBe('assistant');
      expect(['stop', 'length']).toContain(finish_reason);
      const tokens = logprobs?.content ?? [];
      expect(begun + tokens.map(({ token }) => token).join('')).toBe(message.content);
      for (const { token, bytes, logprob } of tokens) {
        expect(bytes).toEqual([...Buffer.from(token)]);
        expect(logprob).toBeLessThan(0);
      }
    }
    const { usage } = first;
    expect(usage?.prompt_tokens).toBeGreaterThan(5);
    expect(usage?.total_tokens).toBe(Number(usage?.prompt_tokens) + Number(usage?.completion_tokens));
    const contents = ({ choices }: OpenAI.ChatCompletion) => choices.map(({ message }) => message.content);
    expect(contents(await chat({ n: 3 }))).toEqual(contents(first));
    expect(contents(await chat({ n: 3, seed: 8 }))).not.toEqual(contents(first));
    const [a, b] = contents(await chat({ n: 2, temperature: 0 }));
    expect(a).toBe(b);
    expect(contents(await chat({ temperature: 0.01 }))).toEqual([a]);
  });

  it('sends the same answers piece by piece', async () => {
    const whole = await chat({ n: 2, logprobs: true });
    const stream = await client.chat.completions.create({
      model,
      messages: [...question],
      seed: 7,
      max_tokens: 12,
      n: 2,
      logprobs: true,
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts = ['', ''];
    const reasons: unknown[] = [null, null];
    let tokens = 0;
    let chunks = 0;
    let usage: unknown;
    for await (const chunk of stream) {
      chunks++;
      usage = chunk.usage ?? usage;
      for (const { index, delta, finish_reason, logprobs } of chunk.choices) {
        texts[index] += delta.content ?? '';
        reasons[index] = finish_reason ?? reasons[index];
        tokens += logprobs?.content?.length ?? 0;
      }
    }
    expect(texts).toEqual(whole.choices.map(({ message }) => message.content));
    expect(reasons).toEqual(whole.choices.map(({ finish_reason }) => finish_reason));
    expect(tokens).toBe(whole.choices.flatMap(({ logprobs }) => logprobs?.content ?? []).length);
    expect(usage).toEqual(whole.usage);
    expect(chunks).toBeGreaterThan(4);
  });

  it('stops before a stop string', async () => {
    const { choices } = await chat({ logprobs: true });
    const tokens = (choices[0]?.logprobs?.content ?? []).map(({ token }) => token);
    const stop = at(tokens, 5).trim() || at(tokens, 6);
    const stopped = await chat({ stop: ['never to be met', stop] });
    expect(stopped.choices[0]?.finish_reason).toBe('stop');
    expect(stopped.choices[0]?.message.content).toBe(begun + at(tokens.join('').split(stop), 0));
    expect(Number(stopped.usage?.completion_tokens)).toBeLessThan(12);
  });

  it('completes texts', async () => {
    const { choices, usage } = await client.completions.create({
      model,
      prompt: ['Question:\nTom', 'Question:\nAnn has'],
      n: 2,
      max_tokens: 3,
      logprobs: 0,
      seed: 1,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    for (const { text, logprobs } of choices) expect(logprobs?.tokens?.join('')).toBe(text);
    expect(usage?.completion_tokens).toBeLessThanOrEqual(12);
    const stream = await client.completions.create({
      model,
      prompt: 'Question:\nTom',
      max_tokens: 3,
      seed: 1,
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.text;
    expect(text).toBe(choices[0]?.text);
  });

  it('refuses in the form of OpenAI’s errors', async () => {
    expect(await refusal(chat({ model: 'gpt-4' }))).toMatchObject({
      status: 404,
      type: 'invalid_request_error',
      param: 'model',
      code: 'model_not_found',
    });
    expect(await refusal(chat({ top_p: 0.5 }))).toMatchObject({ status: 400, param: 'top_p' });
    expect(await refusal(chat({ temperature: 3 }))).toMatchObject({ status: 400, param: 'temperature' });
    expect(await refusal(chat({ messages: [{ role: 'system', content: 'x' }, ...question] }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('no chat template'),
    });
    expect(
      await refusal(client.completions.create({ model, prompt: 'Tom has 3 apples. '.repeat(100), max_tokens: 2 })),
    ).toMatchObject({ status: 400, code: 'context_length_exceeded' });
    expect(await refusal(client.get('/nothing'))).toMatchObject({ status: 404, code: 'unknown_url' });
  });

  it('is free for others when a client leaves', async () => {
    const stream = await client.completions.create({ model, prompt: 'Tom', max_tokens: 60, n: 128, stream: true });
    for await (const _ of stream) break;
    expect((await chat()).choices).toHaveLength(1);
  });
});

it('is asked by `reft ask`: chains of thought, what they compute, votes', async () => {
  const [inWords, unknown] = await Promise.all([
    reftAt('127.0.0.1:1', 'ask', folder, question[0].content, '--prompt', 'program', '--samples', '3'),
    reftAt('127.0.0.1:1', 'ask', folder, question[0].content),
  ]);
  // Programs of an untrained model give nothing.
  expect({ code: inWords.code, error: inWords.error }).toEqual({ code: 1, error: '' });
  expect(inWords.out).toMatch(
    /^--- 1 of 3\ndef solution\(\):\n.*=> nothing \(\w+\)\n.*Votes: none\nNo answer can be read\.\n$/s,
  );
  expect(unknown.error).toContain('nothing tells how this model is asked');
});
