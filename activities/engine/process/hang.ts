/**
 * How the client knows that its engine process hangs: a stopped process, a driver that never answers.
 *
 * A process that takes no processor time for two minutes does nothing. One that takes some may be caught in a circle: it hangs when it has
 * been silent for far longer than ever before in the task. Both clocks stand still while the worker itself is stopped.
 */
import { watchProcess } from '../../watchProcess.js';

export interface HangWatch {
  /** To be told of each message of the process. */
  heard(): void;
  stop(): void;
}

export const frozenSeconds = 120;

/** Steps of a task are alike; the first silence holds the reading of the model as well. */
const silenceFactor = 20;
const leastSilenceSeconds = 600;

/**
 * @param patience processor time has to stand still for so many seconds
 * @param onHang told once, in words
 */
export function watchForHang(pid: number, patience: number, onHang: (reason: string) => void): HangWatch {
  let now = 0;
  let heardAt = 0;
  let longest: number | undefined;
  const stop = watchProcess(pid, ({ idle, elapsed }) => {
    now = elapsed;
    const reason = reasonOf({ idle, silent: elapsed - heardAt, longest }, patience);
    if (reason === null) return;
    stop();
    onHang(reason);
  });
  return {
    heard() {
      longest = Math.max(longest ?? 0, now - heardAt);
      heardAt = now;
    },
    stop,
  };
}

/** In seconds. `longest`: the longest silence so far between two messages of the task; none before the first. */
export interface Silence {
  readonly idle: number;
  readonly silent: number;
  readonly longest: number | undefined;
}

/** Why a process hangs, in words; null where it may well be at work. */
export function reasonOf({ idle, silent, longest }: Silence, patience: number): string | null {
  if (idle >= patience) return `no processor time for ${Math.round(idle)} s`;
  if (longest === undefined || silent < Math.max(leastSilenceSeconds, silenceFactor * longest)) return null;
  return `no progress for ${Math.round(silent)} s, after ${Math.round(longest)} s at most before`;
}
