/**
 * What is done when a sandbox process ends that should not have: only what a job did may decide its outcome.
 *
 * A process may be killed from outside, for want of memory or by a person, and may be frozen. So the job that it ran is run again, in
 * a fresh process and alone. It has crashed if it brings that one down too, twice in a row, and it has run out of time if it cannot be
 * interrupted. What a process was killed for says nothing about the job.
 */
import { messageOf, SandboxUnavailable } from '../../errors.js';
import type { Log } from '../../log.js';
import type { LostJob, SandboxJob } from './outcome.js';
import { type ProcessEnd, type SandboxLimits, type SandboxProcess, startSandboxProcess } from './sandboxProcess.js';

/** A job alone in a fresh process is believed after so many crashes. */
const crashesAlone = 2;
/** Fresh processes that one job is run in before the activity fails, to be tried again. */
const mostProcesses = 5;
/** Processes that one start takes before it fails. */
const mostStarts = 3;

/**
 * The job's own outcome.
 * @param end how the process ended that ran it first
 * @param runFresh runs the job in a fresh process that runs nothing else
 * @throws SandboxUnavailable when its processes are killed again and again
 */
export async function runAlone(
  job: SandboxJob,
  end: ProcessEnd,
  runFresh: (tell: (outcome: unknown) => void) => Promise<ProcessEnd | null>,
  isOver: () => boolean,
): Promise<unknown> {
  if (end.kind === 'endless') return { ok: false, failure: 'timeout', detail: end.detail } satisfies LostJob;
  let last = end;
  let crashes = 0;
  for (let processes = 0; processes < mostProcesses && !isOver(); processes++) {
    let outcome: unknown;
    const ended = await runFresh((told) => {
      outcome = told;
    });
    if (outcome !== undefined) return outcome;
    if (ended === null) continue;
    last = ended;
    if (ended.kind === 'endless') return { ok: false, failure: 'timeout', detail: ended.detail } satisfies LostJob;
    crashes = ended.kind === 'killed' ? crashes : crashes + 1;
    if (crashes === crashesAlone) return { ok: false, failure: 'crash', detail: ended.detail } satisfies LostJob;
  }
  const what = typeof job === 'string' ? 'program' : 'verifier';
  throw new SandboxUnavailable(
    `${mostProcesses} sandbox processes in a row ended while they ran the same ${what}, the last one by ${last.detail}: ` +
      'is there memory enough, does anything end them?',
  );
}

/**
 * A process that is ready: one that ends or freezes at its start is replaced.
 * @throws SandboxUnavailable of the last one when none comes up
 */
export async function startPatiently(
  limits: SandboxLimits,
  isClosed: () => boolean,
  log: Log | undefined,
): Promise<SandboxProcess> {
  for (let starts = 1; ; starts++) {
    try {
      return await startSandboxProcess(limits);
    } catch (error) {
      if (isClosed() || starts === mostStarts) throw error;
      log?.('warn', 'a sandbox process did not start; starting another', { error: messageOf(error) });
    }
  }
}
