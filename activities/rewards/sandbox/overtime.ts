/**
 * Finds a job that has used up its time and cannot be interrupted: a loop inside C, which never comes to where Python asks for signals.
 *
 * The sandbox process ends all others itself, exactly at their limit or a little above. It is looked at from outside only once a job
 * has lasted longer than its limit by the clock, and then often.
 */
import { processorSeconds } from '../../processStatus.js';

export interface RunningJob {
  /** Most processor time. */
  readonly seconds: number;
  /** Processor time that the process had taken when the job began, in seconds. */
  readonly from: number;
  /** When that was, by `performance.now()`. */
  readonly began: number;
}

/** Parts of its limit that a job may take: one that can be interrupted has ended by 1.2 (`child/main.mjs`). */
const mostParts = 1.25;
/** Parts of the limit between looks. */
const betweenLooks = 0.05;

/**
 * @param current the job that runs now
 * @param onOvertime told of such a job once, and the processor seconds that it has taken
 * @returns ends the watch
 */
export function watchOvertime(
  pid: number,
  current: () => RunningJob | null,
  onOvertime: (job: RunningJob, seconds: number) => void,
): () => void {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  /** Two looks must agree: at the first, what the process has said of the job may lie unread. */
  let suspect: RunningJob | null = null;
  const millisecondsLeft = ({ seconds, began }: RunningJob): number => 1_000 * seconds - (performance.now() - began);
  const lookLater = (): void => {
    const job = current();
    if (isOver || job === null) return;
    const pause = Math.max(millisecondsLeft(job), 1_000 * betweenLooks * job.seconds);
    timer = setTimeout(look, pause).unref();
  };
  const look = async (): Promise<void> => {
    const job = current();
    if (job !== null && millisecondsLeft(job) <= 0) {
      const taken = (await processorSeconds(pid).catch(() => 0)) - job.from;
      if (isOver) return;
      const isSuspect = current() === job && taken >= mostParts * job.seconds;
      if (isSuspect && suspect === job) return onOvertime(job, taken);
      suspect = isSuspect ? job : null;
    }
    lookLater();
  };
  lookLater();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
