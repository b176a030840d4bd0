/**
 * Runs Python in a pool of sandbox processes: programs that a model wrote, and verifiers that a user wrote.
 *
 * Each outcome depends on the job alone, never on its neighbours, its place in the batch or the process that ran it: the
 * memory of a process is put back after every job that could have changed anything lasting, and a process that ends is replaced,
 * with the rest of its chunk given to the next. The job that it was running is run again, alone (`fallen.ts`). The one exception is
 * the processor-time limit, which is generous: ordinary programs need a thousandth of it.
 */
import { SandboxUnavailable } from '../../errors.js';
import { at } from '../../invariant.js';
import type { Log } from '../../log.js';
import { runAlone, startPatiently } from './fallen.js';
import {
  type ProgramOutcome,
  readProgramOutcome,
  readVerifierOutcome,
  type SandboxJob,
  type VerifierJob,
  type VerifierOutcome,
} from './outcome.js';
import type { SandboxLimits, SandboxProcess, Tell } from './sandboxProcess.js';

export interface SandboxPoolOptions extends SandboxLimits {
  readonly processes: number;
  /** Told of each process that is replaced. */
  readonly log?: Log;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Told how many jobs have ended. */
  readonly onProgress?: (done: number) => void;
  /** Told of each job, in order of their ends, the processor time that it took, in seconds; null where its process fell. */
  readonly onTime?: (index: number, seconds: number | null) => void;
}

/** Both throw the signal's reason once aborted; SandboxUnavailable when no sandbox process can be started or the pool is closed. */
export interface SandboxPool {
  /** Runs `solution()` of each program; outcomes come in the programs' order. */
  run(programs: readonly string[], options?: RunOptions): Promise<readonly ProgramOutcome[]>;
  /** Lets verifiers judge; outcomes come in the jobs' order. `verify.ts` also runs the programs that they want run. */
  judge(jobs: readonly VerifierJob[], options?: RunOptions): Promise<readonly VerifierOutcome[]>;
  /** Starts the processes ahead of use; without it the first `run` waits the seconds that Python takes to load. */
  warmUp(): Promise<void>;
  /** Ends all processes. Runs under way fail. */
  close(): Promise<void>;
}

/** Jobs handed to a process at a time: enough to hide the hand-over, few enough to share work evenly. */
const chunkSize = 64;

interface Run {
  readonly jobs: readonly SandboxJob[];
  /** Records what a process said of a job; ignored once the run is over. */
  readonly settle: (index: number, outcome: unknown, seconds: number | null) => void;
  /** Ends the run early. */
  readonly fail: (error: unknown) => void;
  readonly isOver: () => boolean;
}

/** Jobs [from, to) of a run. */
interface Chunk {
  readonly run: Run;
  readonly from: number;
  readonly to: number;
}

/** A place for one process: empty until first used. */
interface Seat {
  process: Promise<SandboxProcess> | null;
  working: Run | null;
  draining: boolean;
}

export function createSandboxPool({ processes, log, ...limits }: SandboxPoolOptions): SandboxPool {
  const seats: readonly Seat[] = Array.from({ length: processes }, () => ({
    process: null,
    working: null,
    draining: false,
  }));
  const queue: Chunk[] = [];
  const runs = new Set<Run>();
  let closed = false;

  /** The seat's process, started first where there is none or the last one has died. */
  async function occupy(seat: Seat): Promise<SandboxProcess> {
    const seated = await seat.process;
    if (seated?.alive()) return seated;
    if (closed) throw closedError();
    if (seated) log?.('warn', 'a sandbox process ended; starting another');
    const starting = startPatiently(limits, () => closed, log);
    seat.process = starting;
    starting.catch(() => {
      seat.process = null;
    });
    return starting;
  }

  /** Runs a chunk to its end, through as many processes as end meanwhile. */
  async function runChunk(seat: Seat, { run, from, to }: Chunk): Promise<void> {
    let next = from;
    const runIn = async (sandbox: SandboxProcess, jobs: readonly SandboxJob[], tell: Tell) => {
      seat.working = run;
      try {
        return await sandbox.run(jobs, tell);
      } finally {
        seat.working = null;
      }
    };
    while (next < to && !run.isOver()) {
      const sandbox = await occupy(seat);
      if (run.isOver()) return;
      const end = await runIn(sandbox, run.jobs.slice(next, to), (outcome, seconds) =>
        run.settle(next++, outcome, seconds),
      );
      if (run.isOver() || end === null || end.kind === 'last words') continue;
      log?.('warn', 'a sandbox process ended while a job ran', { ...end });
      const job = at(run.jobs, next);
      const outcome = await runAlone(job, end, async (tell) => runIn(await occupy(seat), [job], tell), run.isOver);
      run.settle(next++, outcome, end.seconds ?? null);
    }
  }

  async function drain(seat: Seat): Promise<void> {
    if (seat.draining) return;
    seat.draining = true;
    for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift())
      await runChunk(seat, chunk).catch(chunk.run.fail);
    seat.draining = false;
  }

  /** Frees the processes that still work for a run nobody waits for. */
  async function abandon(run: Run): Promise<void> {
    for (const seat of seats) if (seat.working === run) await (await seat.process)?.kill();
  }

  async function submit<Outcome>(
    jobs: readonly SandboxJob[],
    read: (told: unknown) => Outcome,
    { signal, onProgress, onTime }: RunOptions,
  ): Promise<readonly Outcome[]> {
    signal?.throwIfAborted();
    if (closed) throw closedError();
    if (jobs.length === 0) return [];
    return new Promise((resolve, reject) => {
      const outcomes: Outcome[] = new Array(jobs.length);
      let done = 0;
      let over = false;
      const end = (): void => {
        over = true;
        runs.delete(run);
        signal?.removeEventListener('abort', onAbort);
      };
      const run: Run = {
        jobs,
        isOver: () => over,
        settle: (index, outcome, seconds) => {
          if (over) return;
          outcomes[index] = read(outcome);
          done++;
          onTime?.(index, seconds);
          onProgress?.(done);
          if (done < jobs.length) return;
          end();
          resolve(outcomes);
        },
        fail: (error) => {
          if (over) return;
          end();
          reject(error);
          void abandon(run);
        },
      };
      const onAbort = (): void => run.fail(signal?.reason);
      signal?.addEventListener('abort', onAbort);
      runs.add(run);
      for (let from = 0; from < jobs.length; from += chunkSize)
        queue.push({ run, from, to: Math.min(from + chunkSize, jobs.length) });
      for (const seat of seats) void drain(seat);
    });
  }

  return {
    run: (programs, options = {}) => submit(programs, readProgramOutcome, options),

    judge: (jobs, options = {}) => submit(jobs, readVerifierOutcome, options),

    warmUp: async () => {
      await Promise.all(seats.map(occupy));
    },

    close: async () => {
      closed = true;
      for (const run of runs) run.fail(closedError());
      await Promise.all(seats.map(async (seat) => (await seat.process?.catch(() => null))?.kill()));
    },
  };
}

function closedError(): SandboxUnavailable {
  return new SandboxUnavailable('the Python sandbox is closed');
}
