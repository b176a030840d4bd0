/**
 * How many requests an endpoint bears at once, found by asking it: one more for each round of answers that came well, half as many once it
 * says that it is too much (additive increase, multiplicative decrease, as TCP finds its rate; Chiu and Jain, 1989). Pure: the caller has
 * the clock.
 */

export interface Concurrency {
  /** Most requests under way at once: a whole number from 1 on. */
  readonly limit: number;
  /** Told of an answer that came well. */
  succeeded(): void;
  /**
   * Told of a sign of overload. Those that had begun before the last one are of the same overload, and lower nothing more.
   * @param begunAt when the request was sent, and `now`, in milliseconds of one clock
   * @param pauseMs what the endpoint asks for
   */
  overloaded(begunAt: number, now: number, pauseMs: number): void;
  /** Before then nothing is to be sent. */
  readonly pausedUntil: number;
}

/** @param start where it begins: a few, or what an earlier step has found */
export function createConcurrency(start: number, most: number): Concurrency {
  let exact = Math.min(Math.max(start, 1), most);
  let loweredAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  return {
    get limit() {
      return Math.floor(exact);
    },
    get pausedUntil() {
      return pausedUntil;
    },
    succeeded() {
      exact = Math.min(most, exact + 1 / exact);
    },
    overloaded(begunAt, now, pauseMs) {
      pausedUntil = Math.max(pausedUntil, now + pauseMs);
      if (begunAt <= loweredAt) return;
      exact = Math.max(1, exact / 2);
      loweredAt = now;
    },
  };
}
