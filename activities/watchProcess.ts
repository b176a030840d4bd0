/**
 * Watches a process that this one has started, by the processor time that it takes: that clock stands still while the process is
 * frozen, and runs slowly on a busy machine. Open to every room.
 */
import { processorSeconds } from './processStatus.js';

/** All in seconds. */
export interface Look {
  /** Processor time that the process has taken since the first look, of all its threads. */
  readonly worked: number;
  /** How long it has taken none to speak of, up to now. */
  readonly idle: number;
  /** Time by the clock since the watch began, without what this process slept through itself. */
  readonly elapsed: number;
}

const intervalMs = 1_000;
/** A timer that comes later than this was held up with its process or its machine: what went on meanwhile says nothing. */
const longestIntervalMs = 3 * intervalMs;
/** A process that waits for ever still takes some milliseconds, for its timers and its garbage. */
const idleSeconds = 0.05;

/**
 * Tells `onLook` each second. Of a process that is gone nothing is told.
 * @returns ends the watch
 */
export function watchProcess(pid: number, onLook: (look: Look) => void): () => void {
  let isOver = false;
  let lookedAt = performance.now();
  let elapsed = 0;
  let first: number | undefined;
  /** When, and at which processor time, it was last seen to work. */
  let seen = { elapsed: 0, seconds: 0 };
  const look = async (): Promise<void> => {
    const seconds = await processorSeconds(pid).catch(() => undefined);
    if (isOver) return;
    timer = lookLater();
    const now = performance.now();
    elapsed += Math.min(now - lookedAt, longestIntervalMs) / 1_000;
    lookedAt = now;
    if (seconds === undefined) return;
    if (first === undefined || seconds - seen.seconds >= idleSeconds) seen = { elapsed, seconds };
    first ??= seconds;
    onLook({ worked: seconds - first, idle: elapsed - seen.elapsed, elapsed });
  };
  const lookLater = (): NodeJS.Timeout => setTimeout(look, intervalMs).unref();
  let timer = lookLater();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
