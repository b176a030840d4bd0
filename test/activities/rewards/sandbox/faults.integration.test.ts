/** Sandbox processes that are killed and frozen: what befalls a process decides no outcome, what a program does alone does. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Log } from '../../../../activities/log.js';
import type { ProgramOutcome } from '../../../../activities/rewards/sandbox/outcome.js';
import {
  createSandboxPool,
  type SandboxPool,
  type SandboxPoolOptions,
} from '../../../../activities/rewards/sandbox/pool.js';
import { solution } from './solution.js';

let pool: SandboxPool;
let told: [message: string, fields: unknown][];
afterEach(() => pool.close());

async function open(options: Partial<SandboxPoolOptions> = {}): Promise<void> {
  told = [];
  const log: Log = (_, message, fields) => told.push([message, fields]);
  pool = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256, log, ...options });
}

/** The sandbox's process: the only child of this one that runs `child/main.mjs`. */
function sandboxProcess(): number {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' }).split('\n');
  const own = lines.map((line) => line.trim().split(/\s+/)).filter(([, parent]) => parent === String(process.pid));
  return Number(own.find((words) => words.some((word) => word.endsWith('sandbox/child/main.mjs')))?.[0]);
}

/** Takes a second of processor time, about. */
const slow = solution('total = 0\nfor i in range(6 * 10**6): total += i\nreturn total');
const slowOutcome: ProgramOutcome = { ok: true, text: '17999997000000', number: '17999997000000.0' };
const programs = [solution('return 1'), slow, solution('return 2'), solution('return 1 / 0')];
const calm = [
  { ok: true, text: '1', number: '1.0' },
  slowOutcome,
  { ok: true, text: '2', number: '2.0' },
  { ok: false, failure: 'exception', detail: 'ZeroDivisionError: division by zero' },
];

/** Runs the programs and strikes while the slow one is under way. */
async function strikeMeanwhile(strike: (pid: number) => Promise<void> | void): Promise<readonly ProgramOutcome[]> {
  await pool.warmUp();
  const pid = sandboxProcess();
  let isSlowNext = false;
  const outcomes = pool.run(programs, {
    onProgress: () => {
      isSlowNext = true;
    },
  });
  while (!isSlowNext) await sleep(5);
  await sleep(100);
  await strike(pid);
  return outcomes;
}

const kill = (signal: NodeJS.Signals) => (pid: number) => {
  process.kill(pid, signal);
};

describe('a process that is', () => {
  it.each(['SIGKILL', 'SIGSEGV'] as const)('ended by %s changes no outcome', async (signal) => {
    await open();
    expect(await strikeMeanwhile(kill(signal))).toEqual(calm);
    expect(told.map(([message]) => message)).toContain('a sandbox process ended while a job ran');
  });

  it('stopped for ten seconds changes no outcome', async () => {
    await open();
    const outcomes = await strikeMeanwhile(async (pid) => {
      process.kill(pid, 'SIGSTOP');
      await sleep(10_000);
      process.kill(pid, 'SIGCONT');
    });
    expect(outcomes).toEqual(calm);
    expect(told).toEqual([]);
  });

  it('stopped for good is replaced, and changes no outcome', async () => {
    await open({ frozenSeconds: 4 });
    expect(await strikeMeanwhile(kill('SIGSTOP'))).toEqual(calm);
    expect(told[0]).toEqual([
      'a sandbox process ended while a job ran',
      { kind: 'killed', detail: expect.stringMatching(/^frozen: it took no processor time for [45] of \d s$/) },
    ]);
  });
});

describe('a start', () => {
  it('that a busy machine draws out beyond a minute is waited for', async () => {
    await open();
    const outcomes = pool.run([solution('return 5')]);
    while (Number.isNaN(sandboxProcess())) await sleep(20);
    const pid = sandboxProcess();
    // It loads Python in some three seconds of processor time, and gets a thirtieth of that here.
    for (const end = Date.now() + 62_000; Date.now() < end; ) {
      process.kill(pid, 'SIGSTOP');
      await sleep(5_800);
      process.kill(pid, 'SIGCONT');
      await sleep(200);
    }
    expect(await outcomes).toEqual([{ ok: true, text: '5', number: '5.0' }]);
    expect(told).toEqual([]);
  });

  it('of a frozen process says what it lacked, once several have been tried', async () => {
    await open({ frozenSeconds: 2 });
    let isOver = false;
    const outcome = pool.run([solution('return 5')]).finally(() => {
      isOver = true;
    });
    const freezing = (async () => {
      while (!isOver) {
        const pid = sandboxProcess();
        if (pid) process.kill(pid, 'SIGSTOP');
        await sleep(20);
      }
    })().catch(() => undefined);
    await expect(outcome).rejects.toMatchObject({
      name: 'SandboxUnavailable',
      message: expect.stringMatching(
        /^the Python sandbox did not start: frozen: .*, after \d+\.\d s of processor time in \d+ s/,
      ),
    });
    await freezing;
    expect(told).toHaveLength(2);
  });
});
