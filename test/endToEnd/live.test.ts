/** The live report of a real run: it shows the first round while the second is under way, and becomes the final report at the end. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import { comparedPathOf } from '../../workers/live/address.js';
import { pagesOf } from '../../workers/live/serveLive.js';
import { type LiveServer, startLiveServer } from '../../workers/live/server.js';
import { publishedRun } from '../../workers/metrics/points.js';
import { openStore } from '../../workers/openStore.js';
import type { reft } from '../../workflows/index.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { useRealParts } from './realParts.js';

const parts = useRealParts();
const id = 'watched/1';

/** Once a round is done, it keeps its answers to itself until it may give them: so the next is under way for as long as it is looked at. */
const scorer = createServer(async (request, response) => {
  const { responses } = (await json(request)) as { readonly responses: readonly { readonly text: string }[] };
  if (await isRoundDone()) await released;
  const scores = responses.map(({ text }, index) =>
    index % 4 < 2
      ? { reward: 1, correct: true, value: text.length, parts: { brief: 0.5 } }
      : { reward: -0.25, correct: false, failure: 'too-odd', parts: { brief: 0.25 } },
  );
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ scores }));
});
let release = (): void => undefined;
const released = new Promise<void>((resolve) => {
  release = resolve;
});
/** The check of the scorer comes before the first phase. */
const isRoundDone = async (): Promise<boolean> => {
  const { phase, round } = await parts.client.workflow.getHandle(id).query<Progress>('progress');
  return phase === 'ppo' && round >= 1;
};

let live: LiveServer;
let url: string;
beforeAll(async () => {
  scorer.listen(0, '127.0.0.1');
  await new Promise((resolve) => scorer.once('listening', resolve));
  const address = scorer.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  live = await startLiveServer(await pagesOf(parts.client, parts.stack), 0);
});
afterAll(async () => {
  release();
  scorer.close();
  await live?.close();
});

const page = async (path = `/runs/${encodeURIComponent(id)}`): Promise<string> =>
  (await fetch(`${live.address}${path}`)).text();

it('shows round 1 while round 2 is under way, and then what the run has left', async () => {
  const handle = await parts.client.workflow.start<typeof reft>('reft', {
    taskQueue: 'reft',
    workflowId: id,
    args: [
      {
        preset: 'smoke',
        sft: null,
        rewardModel: null,
        evaluation: { samplesPerQuestion: 0 },
        ppo: { epochs: 1 },
        reward: { name: 'http', url },
      },
    ],
  });
  await expect.poll(isRoundDone, { timeout: 120_000, interval: 200 }).toBe(true);
  const during = await page();
  expect(during).toContain('<strong>In progress</strong>, as of');
  expect(during).toContain('<h1>Smoke test</h1>');
  expect(during).toMatch(/<th>PPO<\/th><td>round 1 of 2/);
  expect(during).toMatch(/<progress max="1" value="0\.\d+"/);
  expect(during).toMatch(/ % after \d:\d\d, about \d+:\d\d left/);
  expect(during).toContain('<h2>Round 1</h2>');
  expect(during).toMatch(/<th>brief<\/th><td>0\.\d+<\/td>/);
  expect(during).toMatch(/<th>too-odd<\/th><td>\d+<\/td>/);
  expect(during).toContain('<h2>Sampled in round 1</h2>');
  expect(during).toContain('<dt>reward</dt><dd>-0.25</dd>');
  expect(during).toContain('no value: too-odd, wrong');
  expect(during).toContain('32 training questions');
  expect(during).toContain(`worker</th><td class="wrap">host `);
  expect(during).toContain(`${parts.stack.temporal.uiUrl}/namespaces/default/workflows/watched%2F1`);
  expect(await page('/')).toContain('<a href="/runs/watched%2F1">watched/1</a>');

  release();
  const { report } = await handle.result();
  const left = required(await openStore(parts.stack.s3).read(report), 'the report');
  expect(await page()).toBe(Buffer.from(left).toString());
  const { metrics } = required(await publishedRun(openStore(parts.stack.s3), id), 'the published result');
  expect(metrics.reft?.rewardParts).toEqual({ brief: expect.any(Number) });
  const both = await page(comparedPathOf([id, id]));
  expect(both).toBe('1 runs are chosen: allowed are 2 to 6\n');
  await (
    await parts.client.workflow.start<typeof reft>('reft', {
      taskQueue: 'reft',
      workflowId: 'watched-2',
      args: [{ preset: 'smoke', seed: 5, sft: null, rewardModel: null, evaluation: { samplesPerQuestion: 0 } }],
    })
  ).result();
  const compared = await page(comparedPathOf([id, 'watched-2']));
  expect(compared).toMatch(/<th>seed<\/th><td>\d+<\/td><td>5<\/td>/);
  expect(compared).toContain('watched-2, epoch or round 1: ');
  expect(await page('/runs/other')).toBe('There is no run "other"\n');
});
