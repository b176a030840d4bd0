/**
 * A run of the real parts to which everything happens that is nobody's doing: reads of S3 that come back wrong, a sandbox process
 * killed, an engine process stopped for good. It ends in the checkpoint of an undisturbed run, with the same scores.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, type Engine, type EngineClient } from '../../activities/engine/process/engineClient.js';
import { createActivities } from '../../activities/index.js';
import type { Log } from '../../activities/log.js';
import { createSandboxPool, type SandboxPool } from '../../activities/rewards/sandbox/pool.js';
import { openUpkeep } from '../../activities/store/s3/upkeep.js';
import { createStore } from '../../activities/store/store.js';
import { bundleWorkflows } from '../../workers/bundleWorkflows.js';
import { createWorkers, runWorkers } from '../../workers/createWorkers.js';
import type { RunResult } from '../../workflows/runState.js';
import { type Asked, startFront } from '../activities/store/pickyFront.js';
import { startTestStack, type TestStack } from '../support/stack.js';

const spec = { preset: 'smoke', sft: null, rewardModel: null };

let stack: TestStack;
let directory: string;
let connection: NativeConnection;
let workflowBundle: Awaited<ReturnType<typeof bundleWorkflows>>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-faults-'));
  [stack, workflowBundle] = await Promise.all([startTestStack(), bundleWorkflows()]);
  connection = await NativeConnection.connect({ address: stack.temporal.address });
});
afterAll(async () => {
  await connection?.close();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** What strikes a run's parts, at moments of its choosing. */
interface Disturbance {
  readonly spoils: Pick<Parameters<typeof startFront>[1], 'rules' | 'flips'>;
  engine(engine: EngineClient): Engine;
  sandbox(sandbox: SandboxPool): SandboxPool;
}

const calm: Disturbance = { spoils: { rules: [] }, engine: (engine) => engine, sandbox: (sandbox) => sandbox };

/** A whole run on a worker of this process, whose two queues share no local copies, so that each reads what the other wrote. */
async function run(id: string, { spoils, ...strike }: Disturbance): Promise<{ result: RunResult; told: string[] }> {
  const told: string[] = [];
  const log: Log = (_, message) => told.push(message);
  const front = await startFront(stack.s3.endpoint, spoils);
  const engine = createEngine(process.env, log, 4);
  const sandbox = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256, log });
  const activitiesOf = (queue: string) => {
    const store = {
      ...stack.s3,
      endpoint: front.endpoint,
      cacheDirectory: join(directory, id, queue),
      cacheBytes: 2 ** 30,
    };
    return createActivities({
      store: createStore({ ...store, log }),
      upkeep: openUpkeep(store),
      engine: strike.engine(engine),
      sandbox: strike.sandbox(sandbox),
      environment: process.env,
      workDirectory: join(directory, id, queue, 'work'),
      downloadDirectory: join(directory, id, queue, 'downloads'),
      hub: {},
      dataDirectory: undefined,
    });
  };
  const activities = { engine: activitiesOf('engine').engine, general: activitiesOf('general').general };
  const queues = ['engine', 'general'] as const;
  const namespace = stack.temporal.namespace;
  const workers = await createWorkers({ connection, namespace, queues, activities, engines: 1, workflowBundle });
  const running = runWorkers(workers);
  const client = new Client({ connection: await Connection.connect({ address: stack.temporal.address }) });
  try {
    const handle = await client.workflow.start('reft', { taskQueue: 'reft', workflowId: id, args: [spec] });
    return { result: await handle.result(), told };
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
    await Promise.all([engine.close(), sandbox.close(), front.close(), client.connection.close()]);
  }
}

/** The first read of every object comes back wrong: in turn with a bit flipped, and as if there were none. */
function spoilFirstReads(): Disturbance['spoils'] {
  const fates = new Map<string, 'flip' | 'miss'>();
  const fateOf = ({ method, url }: Asked): 'flip' | 'miss' | undefined => {
    const [key = ''] = url.split('?');
    if (method !== 'GET' || !key.includes('/objects/') || fates.has(key)) return undefined;
    const fate = fates.size % 2 === 0 ? 'flip' : 'miss';
    fates.set(key, fate);
    return fate;
  };
  const flipped = new WeakSet<Asked>();
  return {
    rules: [
      (request) => {
        const fate = fateOf(request);
        if (fate === 'flip') flipped.add(request);
        return fate === 'miss' ? [404, 'NoSuchKey'] : undefined;
      },
    ],
    flips: (request) => flipped.has(request),
  };
}

function childrenRunning(script: string): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' }).split('\n');
  const own = lines.map((line) => line.trim().split(/\s+/)).filter(([, parent]) => parent === String(process.pid));
  return own.filter((words) => words.some((word) => word.endsWith(script))).map(([pid]) => Number(pid));
}

const disturbed: Disturbance = {
  spoils: spoilFirstReads(),
  engine: (engine) => {
    let updates = 0;
    return {
      run: (task, input, context) => {
        if (task === 'trainPolicy' && ++updates === 2)
          setTimeout(() => process.kill(engine.processId() ?? 0, 'SIGSTOP'), 20);
        return engine.run(task, input, context);
      },
      warmUp: engine.warmUp,
      close: engine.close,
    };
  },
  sandbox: (sandbox) => {
    let runs = 0;
    return {
      ...sandbox,
      run: (programs, options) => {
        if (++runs % 3 === 2)
          setTimeout(() => {
            for (const pid of childrenRunning('sandbox/child/main.mjs')) process.kill(pid, 'SIGKILL');
          }, 5);
        return sandbox.run(programs, options);
      },
    };
  },
};

it('ends in the checkpoint of an undisturbed run', async () => {
  const undisturbed = await run('calm', calm);
  const { result, told } = await run('disturbed', disturbed);
  expect(result.checkpoint.sha256).toBe(undisturbed.result.checkpoint.sha256);
  expect(result.metrics).toEqual(undisturbed.result.metrics);
  expect(told.filter((message) => message.startsWith('object was read wrong')).length).toBeGreaterThan(5);
  expect(told).toContain('engine process hangs; another begins its task again');
  expect(told).toContain('a sandbox process ended; starting another');
  expect(undisturbed.told).toEqual(['engine process started']);
}, 400_000);
