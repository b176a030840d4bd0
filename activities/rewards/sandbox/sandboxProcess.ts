/**
 * One sandbox process, seen from outside: starts it, hands it a chunk of jobs, and stands by with SIGKILL.
 *
 * The process limits time and memory itself and reports each job's outcome as it ends. A loop inside C cannot be interrupted: its process is
 * killed from here. This file also says what became of a process that ended without an outcome: whether its job did that, or the machine.
 * All limits are in processor time, so that a busy machine changes no outcome; the clock only tells that a process is frozen.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InternalError, SandboxUnavailable } from '../../errors.js';
import { type Look, watchProcess } from '../../watchProcess.js';
import type { SandboxJob } from './outcome.js';
import { type RunningJob, watchOvertime } from './overtime.js';

export interface SandboxLimits {
  /** Processor time of one program. Ordinary programs take well under a millisecond. */
  readonly secondsPerProgram: number;
  /** Memory of the interpreter, its own 26 MB included. */
  readonly megabytes: number;
  /** A process that takes no processor time for so long, by the clock, is replaced. Left out: a minute. */
  readonly frozenSeconds?: number;
}

/** How a process came to its end while a job ran. */
export interface ProcessEnd {
  /**
   * `last words`: it gave the job's outcome and ended, worn out. `fell`: it ended by itself, so the job may have done that. `killed`: it was ended
   * from outside, or replaced because it was frozen. `endless`: the job could not be interrupted.
   */
  readonly kind: 'last words' | 'fell' | 'killed' | 'endless';
  readonly detail: string;
  /** Processor time that the job had taken, where that ended it. */
  readonly seconds?: number;
}

/** Told what a process said of a job, and the processor time that the job took, in seconds. */
export type Tell = (outcome: unknown, seconds: number) => void;

export interface SandboxProcess {
  /**
   * Runs jobs one after another, calling `tell` for each in order. Resolves with null when all
   * have run and the process takes more; else with how it ended, when the job it was running and later ones may have no outcome.
   */
  run(jobs: readonly SandboxJob[], tell: Tell): Promise<ProcessEnd | null>;
  /** False once the process is gone. */
  readonly alive: () => boolean;
  /** Ends the process at once and waits for it to be gone. */
  kill(): Promise<void>;
}

/** Processor time that Python may take to load: it takes some three seconds. */
const startSeconds = 60;
const defaultFrozenSeconds = 60;

/** Signals by which a process ends for what it does itself; others come from outside. */
const ownSignals: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGSYS',
  'SIGTRAP',
]);

/** @throws SandboxUnavailable with what the process said, or what it lacked, when it does not come up. */
export async function startSandboxProcess(limits: SandboxLimits): Promise<SandboxProcess> {
  const { child, jobs, results } = spawnChild(limits);
  const { frozenSeconds = defaultFrozenSeconds } = limits;
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2_000);
  });
  // Writing to a process that has just died fails; its exit is what is acted on.
  jobs.on('error', () => undefined);

  let alive = true;
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      alive = false;
      resolve();
    };
    // 'close' rather than 'exit': everything the process wrote has been read by then.
    child.once('close', end);
    child.once('error', end);
  });

  let onLine: (line: string) => void = () => undefined;
  createInterface({ input: results }).on('line', (line) => onLine(line));

  /** Kills the process for what `judge` finds wrong at a look. The reason is there once it has been killed. */
  function killWhen(judge: (look: Look) => ProcessEnd | null = () => null): {
    reason: ProcessEnd | null;
    stop: () => void;
  } {
    const watch: { reason: ProcessEnd | null; stop: () => void } = { reason: null, stop: () => undefined };
    if (child.pid === undefined) return watch;
    watch.stop = watchProcess(child.pid, (look) => {
      watch.reason ??= judge(look) ?? (look.idle < frozenSeconds ? null : frozen(look));
      if (watch.reason !== null) child.kill('SIGKILL');
    });
    return watch;
  }

  function howItEnded(): ProcessEnd {
    const { signalCode, exitCode } = child;
    if (signalCode === null) return { kind: 'fell', detail: `exit code ${exitCode}` };
    return { kind: ownSignals.has(signalCode) ? 'fell' : 'killed', detail: signalCode };
  }

  /** Processor time that the process had taken when it was last heard of. */
  let taken = 0;
  let startTimes = { worked: 0, elapsed: 0 };
  const start = killWhen((look) => {
    startTimes = look;
    return look.worked < startSeconds ? null : { kind: 'endless', detail: `not ready within ${startSeconds} s` };
  });
  await Promise.race([
    new Promise<void>((resolve) => {
      onLine = (line) => {
        taken = (JSON.parse(line) as { at: number }).at;
        resolve();
      };
    }),
    gone,
  ]);
  start.stop();
  if (!alive) {
    const { detail } = start.reason ?? howItEnded();
    const times = `${startTimes.worked.toFixed(1)} s of processor time in ${Math.round(startTimes.elapsed)} s`;
    throw new SandboxUnavailable(
      `the Python sandbox did not start: ${detail}, after ${times}${errors.trim() && `; it wrote: ${errors.trim()}`}`,
    );
  }

  return {
    alive: () => alive,
    kill: () => {
      child.kill('SIGKILL');
      return gone;
    },
    run: async (chunk, tell) => {
      if (chunk.length === 0) return null;
      let done = 0;
      let lastWords = false;
      let running: RunningJob | null = null;
      const begin = (from: number): void => {
        const job = chunk[done];
        const seconds = typeof job === 'string' ? limits.secondsPerProgram : job?.seconds;
        running = seconds === undefined ? null : { seconds, from, began: performance.now() };
      };
      begin(taken);
      const watch = killWhen();
      const stopOvertime =
        child.pid === undefined
          ? () => undefined
          : watchOvertime(
              child.pid,
              () => running,
              (job, seconds) => {
                const detail = `over ${job.seconds} s, and could not be interrupted`;
                watch.reason ??= { kind: 'endless', detail, seconds };
                child.kill('SIGKILL');
              },
            );
      const finished = new Promise<void>((resolve) => {
        onLine = (line) => {
          const { outcome, at, again = false, last = false } = JSON.parse(line) as Told;
          const seconds = at - taken;
          taken = at;
          if (!again) done++;
          begin(at);
          if (again) return;
          lastWords = last;
          tell(outcome, seconds);
          // A process that spoke its last words takes no more jobs: wait for its end, or the next chunk would be lost in it.
          if (done === chunk.length && !last) resolve();
        };
      });
      jobs.write(`${JSON.stringify(chunk)}\n`);
      await Promise.race([finished, gone]);
      watch.stop();
      stopOvertime();
      onLine = () => undefined;
      if (lastWords) return { kind: 'last words', detail: '' };
      return done === chunk.length ? null : (watch.reason ?? howItEnded());
    },
  };
}

/** A line of a process that has started: `child/main.mjs`. */
interface Told {
  readonly outcome: unknown;
  readonly at: number;
  readonly again?: boolean;
  readonly last?: boolean;
}

function frozen({ idle, elapsed }: Look): ProcessEnd {
  const detail = `frozen: it took no processor time for ${Math.round(idle)} of ${Math.round(elapsed)} s`;
  return { kind: 'killed', detail };
}

interface Spawned {
  readonly child: ChildProcess;
  readonly jobs: Writable;
  readonly results: Readable;
}

/**
 * Starts Node with nothing to reach for: no environment but a time zone, no files but Pyodide's and the sandbox's own (read-only), no child
 * processes, no native modules, no code from strings. Python cannot reach JavaScript at all (see `child/seal.mjs`); this is
 * the second wall.
 */
function spawnChild(limits: SandboxLimits): Spawned {
  const main = fileURLToPath(new URL('./child/main.mjs', import.meta.url));
  const pyodide = createRequire(import.meta.url).resolve('pyodide/package.json');
  const pyodideFolder = dirname(pyodide);
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const settings = { ...limits, pyodideUrl: new URL('./pyodide.mjs', pathToFileURL(pyodide)).href };
  const child = spawn(
    process.execPath,
    [
      permission,
      '--no-warnings',
      // Pyodide loads its neighbour `ws` at start.
      `--allow-fs-read=${dirname(pyodideFolder)}/*`,
      `--allow-fs-read=${dirname(main)}/*`,
      '--disallow-code-generation-from-strings',
      '--max-old-space-size=128',
      // In KiB, of the 8 MiB that systems give: Python's limit of recursion is to be met before this one.
      '--stack-size=7000',
      main,
      JSON.stringify(settings),
    ],
    { env: { TZ: 'UTC' }, stdio: ['pipe', 'ignore', 'pipe', 'pipe'] },
  );
  const [jobs, , , results] = child.stdio;
  if (!jobs || !results || !('write' in jobs) || !('read' in results))
    throw new InternalError('the Python sandbox was started without its pipes');
  return { child, jobs, results: results as Readable };
}
