/** The activity on many rows: heartbeats go on while its thread works, and a cancellation ends it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { writeLines } from '../../../activities/data/spool.js';
import type { PreparedData } from '../../../activities/data/types.js';
import type { ActivityProgress } from '../../../activities/heartbeatWhile.js';
import { createPrepareData, type PrepareDataInput } from '../../../activities/prepareData.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { createMemoryStore } from './memoryStore.js';
import { noHub, noSandbox } from './sourceAccess.js';

const directory = mkdtempSync(join(tmpdir(), 'reft-thread-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Questions of twenty thousand different words, which take long to merge. */
function writeQuestions(name: string, from: number, to: number): string {
  const lines = writeLines(join(directory, name));
  for (let index = from; index < to; index++) {
    const word = ((index % 20_000) * 7_919 + 104_729)
      .toString(26)
      .replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '');
    const question = `Question ${index}: ${word} has ${index % 50} ${word}s and buys ${index % 7} more. How many has ${word}?`;
    lines.write({
      question,
      cot: `${index % 50} + ${index % 7} = ${(index % 50) + (index % 7)}.`,
      answer: (index % 50) + (index % 7),
    });
  }
  lines.close();
  return join(directory, name);
}

const input = (rows: number): PrepareDataInput => ({
  data: dataSchema.parse({
    source: {
      train: writeQuestions('train.jsonl', 0, rows),
      test: writeQuestions('test.jsonl', rows, rows + 10),
      fields: { question: 'question', value: 'answer', answer: 'cot' },
    },
    cot: 'natural',
    validation: 10,
    tokenizer: { kind: 'bytePair', vocabularySize: 4_000 },
  }),
  seed: 1,
});
const prepare = createPrepareData({
  store: createMemoryStore(),
  sandbox: noSandbox,
  hub: noHub,
  dataDirectory: undefined,
  workDirectory: join(directory, 'work'),
});

describe('prepareData', () => {
  it('case tokenizer-training-blocks: works off the event loop, heartbeats and shows progress', async () => {
    const environment = new MockActivityEnvironment();
    const units = new Set<string>();
    let heartbeats = 0;
    environment.on('heartbeat', ({ unit }: ActivityProgress) => {
      units.add(unit);
      heartbeats += 1;
    });
    const rows = 200_000;
    const asked = input(rows);
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    const started = performance.now();
    const { train } = (await environment.run(prepare, asked)) as PreparedData;
    delay.disable();
    expect(train.count).toBe(rows - 10);
    // The timer's own period is part of what is measured; Temporal waits ten seconds for a heartbeat.
    expect(delay.max / 1e9).toBeLessThan(2);
    expect(heartbeats).toBeGreaterThan(0.5 * ((performance.now() - started) / 1_000));
    expect([...units]).toEqual(expect.arrayContaining(['rows of train read', 'questions encoded']));
  }, 600_000);

  it('ends its thread when it is cancelled', async () => {
    const environment = new MockActivityEnvironment();
    const asked = input(50_000);
    const running = environment.run(prepare, asked);
    environment.once('heartbeat', () => environment.cancel('CANCELLED'));
    const started = performance.now();
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
