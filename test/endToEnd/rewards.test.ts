/**
 * Rewards by scorers outside of ReFT, on the real parts: the examples of the page "Write a reward", a scorer in Python with the Temporal
 * SDK that is killed as workers are, and a task queue that nobody serves.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { required } from '../../activities/invariant.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import type { RunResult } from '../../workflows/runState.js';
import { obtainPython, type PythonProcess, type PythonWithPackages, startPython } from '../support/python.js';
import { useRealParts } from './realParts.js';

const parts = useRealParts({ REFT_REWARD_TOKEN: 'Bearer of-the-tests' });
const scorer = fileURLToPath(new URL('scorer.py', import.meta.url));
const page = fileURLToPath(new URL('../../activities/rewards/WRITE_A_REWARD.md', import.meta.url));

let python: PythonWithPackages;
const directory = await mkdtemp(join(tmpdir(), 'reft-scorers-'));
const running = new Set<PythonProcess>();

beforeAll(async () => {
  // The first time its packages are fetched.
  python = await obtainPython();
}, 600_000);
afterAll(async () => {
  await Promise.all([...running].map((one) => one.kill()));
  await rm(directory, { recursive: true, force: true });
});

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): PythonProcess {
  const started = startPython(python, args, environment);
  running.add(started);
  return {
    kill: async () => {
      running.delete(started);
      await started.kill();
    },
  };
}

/** A small run, its warm-up done in no time, with a reward. */
const small = (reward: unknown) => ({
  preset: 'smoke',
  sft: null,
  rewardModel: null,
  evaluation: { samplesPerQuestion: 2 },
  ppo: { epochs: 1 },
  reward,
});

const start = (workflowId: string, spec: unknown): Promise<WorkflowHandle> =>
  parts.client.workflow.start('reft', { taskQueue: 'reft', workflowId, args: [spec] });

it('the page’s scorers score a run by all kinds of reward at once', async () => {
  const text = await readFile(page, 'utf8');
  const programs = [...text.matchAll(/```python\n# (\w+\.py)\n([\s\S]*?)```/g)];
  expect(programs.map(([, name]) => name)).toEqual(['scorer.py', 'judge.py']);
  for (const [, name = '', code = ''] of programs) await writeFile(join(directory, name), code);
  const specs = [...text.matchAll(/```json\n(\{\n? *"preset"[\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json));
  expect(specs.map(({ reward }) => reward.name)).toEqual(['http', 'activity', 'sum']);
  const port = await getPort();
  const here = JSON.parse(JSON.stringify(specs).replaceAll('127.0.0.1:8100', `127.0.0.1:${port}`));

  run([join(directory, 'scorer.py'), String(port)]);
  run([join(directory, 'judge.py')], { TEMPORAL_ADDRESS: parts.stack.temporal.address });
  const names = ['http', 'activity', 'sum'];
  const results = await Promise.all(
    names.map(
      async (name, index): Promise<RunResult> => (await start(`page-${name}`, small(here[index].reward))).result(),
    ),
  );
  const partsOf = (result: RunResult | undefined) =>
    Object.keys(result?.metrics.reft?.top1 ? (result.metrics.reft.rewardParts ?? {}) : {});
  expect(results.map(partsOf)).toEqual([['lines'], [], ['right', 'brief', 'brief.lines', 'judge']]);
  const { phases } = await parts.client.workflow.getHandle('page-sum').query<Progress>('progress');
  const { metrics } = required(
    phases.find(({ phase }) => phase === 'ppo'),
    'the phase of PPO',
  );
  const { 'reward.right': right = 0, 'reward.brief': brief = 0, 'reward.judge': judge = 0, reward } = metrics;
  expect(reward).toBeCloseTo(right + 0.2 * brief + 0.5 * judge, 9);
  expect(brief).toBeGreaterThan(0);
  expect(metrics['reward.brief.lines']).toBeGreaterThanOrEqual(1);
  expect(metrics['validationReward.brief']).toBeGreaterThan(0);
  const { events } = await parts.client.workflow.getHandle('page-http').fetchHistory();
  expect(JSON.stringify(events)).not.toContain('of-the-tests');
}, 400_000);

interface Line {
  readonly event: string;
  /** The activity's id: a hash of the batch and the options. */
  readonly id: string;
  /** A hash of the batch alone. */
  readonly content: string;
}

async function linesOf(log: string): Promise<readonly Line[]> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [event = '', id = '', content = ''] = line.split(' ');
      return { event, id, content };
    });
}

it('a scorer and a worker that are killed in the middle of a round score nothing twice', async () => {
  /** Another edition for each run: what the first has been scored would be there for the second. */
  const spec = (edition: number) =>
    small({ name: 'activity', type: 'score', taskQueue: 'scorers', edition, timeoutSeconds: 5, batch: { pairs: 4 } });
  const [calmLog, log] = [join(directory, 'calm.log'), join(directory, 'disturbed.log')];
  const scorerWith = (path: string, ...batches: string[]) =>
    run([scorer, parts.stack.temporal.address, 'scorers', path, ...batches]);

  const calmScorer = scorerWith(calmLog);
  const calm: RunResult = await (await start('calm', spec(1))).result();
  await calmScorer.kill();

  let disturbedScorer = scorerWith(log, '3');
  const handle = await start('disturbed', spec(2));
  /** Resolves while a batch is being scored, of which at least `after` have been. */
  const underWay = (after: number) =>
    vi.waitFor(
      async () => {
        const lines = await linesOf(log);
        const scored = lines.filter(({ event }) => event === 'scored').length;
        expect(scored).toBeGreaterThanOrEqual(after);
        const last = lines.filter(
          ({ event, id }) => event === 'begun' && !lines.some((l) => l.event === 'scored' && l.id === id),
        );
        expect(last.length).toBeGreaterThan(0);
      },
      { timeout: 120_000, interval: 20 },
    );
  await underWay(3);
  await disturbedScorer.kill();
  disturbedScorer = scorerWith(log);
  await underWay(5);
  await parts.killWorker();
  await parts.startWorker();
  const disturbed: RunResult = await handle.result();
  await disturbedScorer.kill();

  expect(disturbed.checkpoint.sha256).toBe(calm.checkpoint.sha256);
  expect(disturbed.metrics).toEqual(calm.metrics);
  const [undisturbed, lines] = [await linesOf(calmLog), await linesOf(log)];
  const scored = lines.filter(({ event }) => event === 'scored');
  expect(new Set(scored.map(({ id }) => id)).size).toBe(scored.length);
  // Begun twice is only the one whose scorer was killed.
  expect(lines.length).toBe(undisturbed.length + 1);
  const contents = (all: readonly Line[]) =>
    all
      .filter(({ event }) => event === 'scored')
      .map(({ content }) => content)
      .sort();
  expect(contents(lines)).toEqual(contents(undisturbed));
}, 400_000);

it('a task queue that nobody serves stops the run, which says so, and cancelling it cancels the batch', async () => {
  const handle = await start('unserved', small({ name: 'activity', type: 'score', taskQueue: 'nobody' }));
  const reason =
    'no worker serves the task queue "nobody", on which the activity "score" waits to score: start one; the run goes on by itself';
  await vi.waitFor(
    async () => {
      const { waiting } = await handle.query<Progress>('progress');
      expect(waiting).toEqual([reason]);
    },
    { timeout: 60_000, interval: 500 },
  );
  const { raw } = await handle.describe();
  expect(raw.pendingActivities?.map(({ lastFailure }) => lastFailure?.message)).toContain(reason);
  const states = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const { taskQueue, status } of parts.client.activity.list('TaskQueue = "nobody"'))
      if (taskQueue === 'nobody') found.push(status);
    return found;
  };
  await vi.waitFor(async () => expect(await states()).toContain('RUNNING'), { timeout: 60_000 });
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  await vi.waitFor(async () => expect(await states()).not.toContain('RUNNING'), { timeout: 20_000 });
}, 200_000);
