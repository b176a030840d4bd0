/**
 * Runs tasks as they come in messages, one at a time, and answers in messages: the far side of the engine process
 * (`engineProcess.ts`) and of a worker thread (`workerThread.ts`).
 *
 * Between two steps of a task messages come in, so cancelling is a flag that tasks look at.
 */

import { InternalError } from '../../errors.js';
import { selfTest } from '../ort/runInPlace.js';
import type { FromEngine, ToEngine } from './messages.js';
import type { RunContext } from './task.js';

/** Progress is for people: a few messages a second are enough. */
const progressEveryMilliseconds = 200;

/** Each takes the input of its own: the sender's types tie the two together, a message has lost that. */
type Tasks = Readonly<Record<string, (input: never, context: RunContext) => Promise<unknown>>>;

/**
 * @param before each task.
 * @returns what takes the messages.
 */
export function createTaskRunner(
  tasks: Tasks,
  send: (message: FromEngine) => void,
  before: () => Promise<void> = async () => undefined,
): (message: ToEngine) => void {
  // A device that is not there, or a binding that does not do what the engine relies on, is found before there is work. It is this
  // thread, too, that has to create the process's first session (`session.ts`), before any worker thread.
  const ready = selfTest();
  ready.catch(() => undefined);
  let cancelled = false;

  async function run(name: string, input: unknown): Promise<FromEngine> {
    cancelled = false;
    let reportedAt = 0;
    try {
      await ready;
      await before();
      const task = tasks[name];
      if (task === undefined) throw new InternalError(`task ${name} does not run here`);
      const output = await task(input as never, {
        isCancelled: () => cancelled,
        onProgress: (done, total) => {
          const now = performance.now();
          if (done < total && now - reportedAt < progressEveryMilliseconds) return;
          reportedAt = now;
          send({ kind: 'progress', done, total });
        },
      });
      return { kind: 'finished', output };
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      return { kind: 'failed', name, message, stack };
    }
  }

  return (message) => {
    if (message.kind === 'cancel') cancelled = true;
    else run(message.task, message.input).then(send);
  };
}
