/** A run on rows with unit tests: the verifier of the page "Write a reward", a scorer behind an address and an activity all get them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import type { ScoringRequest } from '../../activities/rewards/scorers.js';
import { openStore } from '../../workers/openStore.js';
import type { RunResult } from '../../workflows/runState.js';
import { useRealParts } from './realParts.js';

const parts = useRealParts();
const page = new URL('../../activities/rewards/WRITE_A_REWARD.md', import.meta.url);

/** What the page's section on columns shows: a row, the specification's part and the verifier. */
async function shown() {
  const [, section = ''] = (await readFile(page, 'utf8')).split(/^## Columns of your rows$/m);
  const [row = '', spec = '', source = ''] = [...section.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(
    ([, text = '']) => text,
  );
  return { row: JSON.parse(row), spec: JSON.parse(spec), source };
}

it('all kinds of scorers get the columns that the specification names', async () => {
  const { row, spec, source } = await shown();
  const directory = await mkdtemp(join(tmpdir(), 'reft-columns-'));
  const rows = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, index) =>
      JSON.stringify({
        ...row,
        task: `${row.task} Call it double${from + index}.`,
        tests: [...row.tests, ['1', from + index]],
      }),
    ).join('\n');
  const train = join(directory, 'train.jsonl');
  const test = join(directory, 'test.jsonl');
  await writeFile(train, rows(1, 21));
  await writeFile(test, rows(21, 29));

  /** Responses whose example has the unit tests of its own row: a batch may be asked for again, where another scorer was not ready. */
  const seen = { http: new Set<string>(), activity: new Set<string>() };
  const scoresOf = (by: keyof typeof seen, { examples, responses }: ScoringRequest) => ({
    scores: examples.map(({ question, columns = {} }, index) => {
      const number = Number(/double(\d+)\.$/.exec(question)?.[1]);
      expect(columns).toEqual({ tests: [...row.tests, ['1', number]] });
      seen[by].add(JSON.stringify([question, responses[index]]));
      return { reward: 0.5 };
    }),
  });
  const server = createServer(async (request, response) => {
    const asked = (await json(request)) as ScoringRequest;
    response.end(JSON.stringify(scoresOf('http', asked)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connection = await NativeConnection.connect({ address: parts.stack.temporal.address });
  const worker = await Worker.create({
    connection,
    taskQueue: 'judges',
    activities: { judge: async (request: ScoringRequest) => scoresOf('activity', request) },
  });

  const result = await worker.runUntil(async (): Promise<RunResult> => {
    const handle = await parts.client.workflow.start('reft', {
      taskQueue: 'reft',
      workflowId: 'columns',
      args: [
        {
          preset: 'smoke',
          data: { ...spec.data, source: { ...spec.data.source, train, test }, validation: 4 },
          sft: null,
          rewardModel: null,
          ppo: { epochs: 1 },
          reward: {
            name: 'sum',
            terms: [
              { part: 'tests', reward: { name: 'python', source } },
              { part: 'service', reward: { name: 'http', url: `http://127.0.0.1:${port}` } },
              { part: 'judge', reward: { name: 'activity', type: 'judge', taskQueue: 'judges' } },
            ],
          },
        },
      ],
    });
    return handle.result();
  });
  await connection.close();
  server.close();
  await rm(directory, { recursive: true });

  expect(seen.http.size).toBeGreaterThan(20);
  expect(seen.activity).toEqual(seen.http);
  expect(result.metrics.reft?.rewardParts).toMatchObject({ service: 0.5, judge: 0.5 });
  const samples = await openStore(parts.stack.s3).read('runs/columns/samples.jsonl');
  const first = JSON.parse(
    required(
      Buffer.from(samples ?? [])
        .toString()
        .split('\n')[0],
      'a line of samples',
    ),
  );
  expect(first).toMatchObject({ truth: null, parts: { service: 0.5, judge: 0.5 } });
}, 300_000);
