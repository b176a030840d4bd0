/**
 * One sandbox process, seen from outside: starts it, hands it a chunk of jobs, and stands by with SIGKILL.
 *
 * The process limits time and memory itself and reports each job's outcome as it ends. This file is the fallback for a
 * job that the interpreter cannot interrupt (one long operation in C) or that takes the process down.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InternalError, SandboxUnavailable } from '../../errors.js';
import type { LostJob, SandboxJob } from './outcome.js';

export interface SandboxLimits {
  /** Processor time of one program. Ordinary programs take well under a millisecond. */
  readonly secondsPerProgram: number;
  /** Memory of the interpreter, its own 30 MB included. */
  readonly megabytes: number;
}

export interface SandboxProcess {
  /**
   * Runs jobs one after another, calling `onOutcome` for each in order, with what the process said of it or a `LostJob`. Resolves
   * when all have run, or when the process is gone: the job it was running has then got its outcome, later ones have not.
   */
  run(jobs: readonly SandboxJob[], onOutcome: (outcome: unknown) => void): Promise<void>;
  /** False once the process is gone. */
  readonly alive: () => boolean;
  /** Ends the process at once and waits for it to be gone. */
  kill(): Promise<void>;
}

const startSeconds = 60;
/** Wall-clock time after which a silent process is killed: far above the limit it keeps by itself, even on a busy machine. */
const silenceSeconds = ({ secondsPerProgram }: SandboxLimits, jobs: readonly SandboxJob[]): number =>
  3 * Math.max(...jobs.map((job) => (typeof job === 'string' ? secondsPerProgram : job.seconds))) + 3;

/** @throws Error with what the process said when it does not come up. */
export async function startSandboxProcess(limits: SandboxLimits): Promise<SandboxProcess> {
  const { child, jobs, results } = spawnChild(limits);
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

  const startTimer = setTimeout(() => child.kill('SIGKILL'), startSeconds * 1_000);
  await Promise.race([
    new Promise<void>((resolve) => {
      onLine = () => resolve();
    }),
    gone,
  ]);
  clearTimeout(startTimer);
  if (!alive)
    throw new SandboxUnavailable(`the Python sandbox did not start: ${errors.trim() || 'it ended without a word'}`);

  return {
    alive: () => alive,
    kill: () => {
      child.kill('SIGKILL');
      return gone;
    },
    run: async (chunk, onOutcome) => {
      if (chunk.length === 0) return;
      let done = 0;
      let silent = false;
      let saidLast = false;
      const watchdog = setTimeout(() => {
        silent = true;
        child.kill('SIGKILL');
      }, silenceSeconds(limits, chunk) * 1_000);
      const finished = new Promise<void>((resolve) => {
        onLine = (line) => {
          watchdog.refresh();
          done++;
          const { outcome, last = false } = JSON.parse(line) as { outcome: unknown; last?: boolean };
          saidLast = last;
          onOutcome(outcome);
          // A process that spoke its last words takes no more jobs: wait for its end, or the next chunk would be lost in it.
          if (done === chunk.length && !last) resolve();
        };
      });
      jobs.write(`${JSON.stringify(chunk)}\n`);
      await Promise.race([finished, gone]);
      clearTimeout(watchdog);
      onLine = () => undefined;
      if (alive || saidLast || done === chunk.length) return;
      const lost: LostJob = silent
        ? { ok: false, failure: 'timeout', detail: 'could not be interrupted' }
        : { ok: false, failure: 'crash', detail: errors.trim().slice(-200) };
      onOutcome(lost);
    },
  };
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
