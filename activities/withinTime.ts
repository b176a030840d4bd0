/**
 * Ends work that takes too long, wherever it is stuck: a pattern that backtracks for ever, a template that counts to a billion. Both are
 * what a stranger's file may hold, and neither can be told from a sound one by looking at it.
 */
import { Script } from 'node:vm';
import { isFailure } from './errors.js';

/** Of processor time. Sound files take milliseconds for a text of usual length. */
const most = { milliseconds: 600, perCharacter: 1 / 100 } as const;
/** A try that was given less of its time was held up by others: the machine is busy, or the process was stopped. */
const heldUpBelow = 0.8;
/** Of all tries together, in times of the allowance. */
const mostOfAll = 2.5;

/** The work under way: a script is given it through the global object. */
const place = Symbol.for('reft.withinTime');
const script = new Script(`globalThis[Symbol.for('reft.withinTime')]()`);

/**
 * What the work gives, which must be the same each time. To watch it takes a quarter of a millisecond, so that small pieces are best done
 * together: work inside other such work is bounded by the outer one.
 *
 * @param characters of the text that is worked on
 * @throws `tooLong()` where it takes more than some second of processor time, and one more for each 100,000 characters
 */
export function withinTime<T>(characters: number, work: () => T, tooLong: () => Error): T {
  const global = globalThis as { [place]?: () => unknown };
  if (global[place] !== undefined) return work();
  const allowance = most.milliseconds + characters * most.perCharacter;
  for (let spent = 0; ; ) {
    const before = process.cpuUsage();
    global[place] = work;
    try {
      return script.runInThisContext({ timeout: Math.ceil(allowance) }) as T;
    } catch (error) {
      if (!isTimeout(error)) throw error;
      const { user, system } = process.cpuUsage(before);
      const used = (user + system) / 1_000 / allowance;
      spent += used;
      if (used >= heldUpBelow || spent >= mostOfAll) throw tooLong();
    } finally {
      delete global[place];
    }
  }
}

/**
 * As `withinTime`, of work with what a stranger wrote, where a library finds out by failing that it expected something else.
 *
 * @param refused the failure to throw, of the problem in words
 * @param problemOf what the work's error says of the problem; failures of ours pass as they are
 */
export function refusedWithinTime<T>(
  characters: number,
  work: () => T,
  refused: (problem: string, cause?: unknown) => Error,
  problemOf: (error: unknown) => string,
): T {
  return withinTime(
    characters,
    () => {
      try {
        return work();
      } catch (error) {
        throw isFailure(error) ? error : refused(problemOf(error), error);
      }
    },
    () => refused('it takes far longer than any other, or for ever'),
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
