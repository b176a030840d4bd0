/**
 * An annotation against a server that fails as real endpoints do, and whose worker is killed in the middle: no answer is paid for twice,
 * and the rows are those of an undisturbed one. Its rows are then a source of data.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openUpkeep } from '../../activities/store/s3/upkeep.js';
import type { AnnotationResult } from '../../workflows/annotate.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import {
  type Behaviour,
  type ChatServer,
  completion,
  fail,
  say,
  startChatServer,
  usage,
} from '../activities/annotation/chatServer.js';
import { repeated } from './lossOfWorkers.js';
import { useRealParts } from './realParts.js';

const folder = mkdtempSync(join(tmpdir(), 'reft-annotate-'));
const count = 14;
const questionOf = (index: number): string => `How much is ${index} plus ${index + 10}?`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, place) => from + place)
    .map((index) => `${JSON.stringify({ id: `q${index}`, q: questionOf(index), value: 2 * index + 10 })}\n`)
    .join('');
mkdirSync(join(folder, 'own'));
writeFileSync(join(folder, 'own/train.jsonl'), lines(0, count));
writeFileSync(join(folder, 'own/test.jsonl'), lines(100, 103));
writeFileSync(join(folder, 'own/paper.jsonl'), JSON.stringify({ item_id: 't', question: 'Why?', answer_value: '1' }));

const parts = useRealParts({ REFT_DATA_DIR: folder, REFT_ANNOTATOR_KEY: 'Bearer-less' });
let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const fields = { id: 'id', question: 'q', value: 'value' };
const spec = (extraBody: object, more: object = {}) => ({
  data: { source: { train: 'own/train.jsonl', test: 'own/test.jsonl', fields }, cot: 'natural' },
  annotator: {
    kind: 'endpoint',
    url: server.url,
    model: 'adder',
    key: 'REFT_ANNOTATOR_KEY',
    price: { input: 1, output: 2 },
    extraBody,
    timeoutSeconds: 5,
  },
  samples: 2,
  retries: { samples: 1 },
  ...more,
});

const start = (workflowId: string, input: object): Promise<WorkflowHandle<() => Promise<AnnotationResult>>> =>
  parts.client.workflow.start('annotate', { taskQueue: 'reft', workflowId, args: [input] });

/** What an endpoint does to each question; the others are answered right. */
const faults: readonly Behaviour[] = [
  ({ times }, response) => times === 1 && fail(response, 429, '{}', { 'retry-after': '1' }),
  ({ times }, response) => times === 1 && fail(response, 429, '{}'),
  ({ times }, response) => times === 1 && fail(response, 500, 'oops'),
  ({ times }, response) => {
    if (times > 1) return false;
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"choices": [', () => response.destroy());
    return 'failed';
  },
  ({ times }, response) => times === 1 && fail(response, 200, '{"choices": ['),
  ({ times }, response) => times === 1 && fail(response, 200, '{"error": null}'),
  (_, response) => say(response, completion('', 'content_filter')),
  (_, response) => say(response, completion('It goes on and', 'length')),
  (_, response) => fail(response, 400, 'too long'),
  ({ body }, response) => body.temperature === 0.7 && say(response, completion('So the answer is 1.')),
];
const faulty: Behaviour = (asked, response) => faults[Number(/\d+/.exec(asked.question)?.[0])]?.(asked, response);

/** Answers that are stored. */
async function countStored(): Promise<number> {
  let found = 0;
  for await (const _ of openUpkeep(parts.stack.s3).list('annotations/')) found += 1;
  return found;
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(20);
}

describe('an annotation', () => {
  it('counts every fault, and ends in the same rows when its worker is killed, paying for nothing twice', async () => {
    server.behave = faulty;
    const calm = await (await start('calm', spec({ top_p: 0.5 }))).result();
    const { card } = calm.published;
    expect(card).toMatchObject({ questions: count, annotated: count - 3, rows: count - 3, stopped: null });
    // Three questions for three answers each; the last fault's is right where it is warmer.
    expect(card.yields).toEqual({ 'content-filter': 3, length: 3, refused: 3, right: count - 3, wrong: 2 });
    expect(calm.faults).toEqual({
      'rate-limited': 2,
      'server-error': 1,
      cut: 1,
      'not-json': 1,
      'not-a-completion': 1,
    });
    const answers = card.used.requests;
    expect(answers).toBe(3 + 3 + 2 + count - 3);
    expect(card.used.completionTokens).toBe(answers * usage.completion_tokens);
    expect(card.cost).toBeCloseTo((answers * (usage.prompt_tokens + 2 * usage.completion_tokens)) / 1e6);
    expect(server.asked[0]?.headers.authorization).toBe('Bearer Bearer-less');
    expect([...server.paid.values()].every((times) => times === 1)).toBe(true);

    const before = { stored: await countStored(), paid: server.paid.size };
    const handle = await start('disturbed', spec({ top_p: 0.6 }));
    await until(() => server.paid.size >= before.paid + 3);
    server.hold();
    // Of an answer that the server has given and the worker has not yet stored, no one could know.
    await until(
      async () => server.isHeld() && (await countStored()) - before.stored === server.paid.size - before.paid,
    );
    await parts.killWorker();
    server.letGo();
    await parts.startWorker();
    const disturbed = await handle.result();
    expect(await repeated(handle)).toEqual(['askAnnotator']);
    expect(disturbed.published.rows).toEqual(calm.published.rows);
    expect(disturbed.published.card).toEqual(card);
    expect([...server.paid.values()].filter((times) => times > 1)).toEqual([]);

    const asked = server.asked.length;
    const more = { keep: { rule: 'all', most: 2 }, budget: { requests: 11 } };
    const extended = await (await start('extended', spec({ top_p: 0.6 }, more))).result();
    // Second answers of those that were right at once, which say the same; the refused one nobody has paid for.
    expect(extended.spent.requests).toBe(count - 4);
    expect(extended.published.card.duplicates).toBe(count - 4);
    expect(extended.published.rows).toEqual(calm.published.rows);
    const known = new Set(server.asked.slice(0, asked).map(({ key }) => key));
    const again = server.asked.slice(asked).filter(({ key }) => known.has(key));
    expect(again.every(({ question }) => question === questionOf(8))).toBe(true);

    // The rows are a file of training data. No request begins that could exceed a budget.
    const source = { train: `annotation:${calm.published.rows.sha256}`, test: 'own/paper.jsonl' };
    const { annotator, ...others } = spec({ top_p: 0.7 });
    const bounded = {
      annotator: { ...annotator, maxTokens: 200 },
      prompt: { examples: 'none' },
      budget: { tokens: 800 },
    };
    const ofRows = { ...others, ...bounded, data: { source, cot: 'natural' } };
    const stopped = await (await start('of-rows', ofRows)).result();
    expect(stopped.published.card).toMatchObject({ questions: count - 3, stopped: 'tokens' });
    expect(stopped.spent.promptTokens + stopped.spent.completionTokens).toBeLessThanOrEqual(800);
    expect(stopped.spent.requests).toBeGreaterThan(0);
  }, 400_000);

  it('waits for a person where the endpoint refuses the key, and goes on once it is mended', async () => {
    server.behave = (_, response) => fail(response, 401, 'who are you, Bearer-less?');
    const handle = await start('refused', spec({ top_p: 0.8 }, { budget: { requests: 5 } }));
    let waiting: readonly string[] = [];
    await until(async () => {
      ({ waiting } = await handle.query<Progress>('progress'));
      return waiting.length > 0;
    });
    expect(waiting).toEqual([`annotator adder at ${server.url}/chat/completions: status 401: who are you, …?`]);
    server.behave = () => undefined;
    await handle.executeUpdate('resume');
    const { published, spent } = await handle.result();
    expect(published.card).toMatchObject({ rows: 5, stopped: 'requests' });
    expect(spent.requests).toBe(5);
    const { annotation } = await handle.query<Progress>('progress');
    expect(annotation).toMatchObject({ answers: 5, right: 5, left: { requests: 0 } });
  }, 200_000);
});
