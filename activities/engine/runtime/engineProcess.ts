/**
 * The engine process: runs one task at a time, as the client (`engineClient.ts`) sends them.
 *
 * onnxruntime blocks while it computes, and may die of memory; here neither stops the worker. Between two steps of a task
 * messages come in, so cancelling is a flag that tasks look at.
 */
import type { TaskFunction, TaskName } from '../api.js';
import { tasks } from '../tasks/index.js';
import { trimSessions } from '../training/sessions.js';
import type { FromEngine, ToEngine } from './messages.js';
import { selfTest } from './runInPlace.js';

/** Progress is for people: a few messages a second are enough. */
const progressEveryMilliseconds = 200;

// A device that is not there, or a binding that does not do what the engine relies on, is found before there is work.
const ready = selfTest();
ready.catch(() => undefined);

let cancelled = false;

async function run(name: TaskName, input: unknown): Promise<FromEngine> {
  cancelled = false;
  let reportedAt = 0;
  try {
    await ready;
    await trimSessions();
    // The client's types tie each input to its task; a message has lost that.
    const task = tasks[name] as TaskFunction<TaskName>;
    const output = await task(input as Parameters<typeof task>[0], {
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

function send(message: FromEngine): void {
  process.send?.(message);
}

process.on('message', async (message: ToEngine) => {
  if (message.kind === 'cancel') cancelled = true;
  else send(await run(message.task, message.input));
});

// The worker is gone: nobody wants the result.
process.on('disconnect', () => process.exit());

// Ctrl+C reaches every process of the terminal; it is the worker's to decide what happens to a running task.
process.on('SIGINT', () => {});
