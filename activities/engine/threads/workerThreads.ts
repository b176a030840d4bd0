/**
 * Worker threads: threads of this process that each run a task with one core.
 *
 * An operator of a small model takes microseconds, less than the cores of a machine need to share it out. So instead of
 * sharing operators they share the work: each worker thread decodes a part of the questions, or trains on a part of a batch.
 */
import { isMainThread, Worker } from 'node:worker_threads';
import { isCompiled } from '../../compiled.js';
import { EngineCrashed } from '../../errors.js';
import { chosenDevice } from '../ort/devices.js';
import { threads } from '../ort/session.js';
import { errorFrom, type FromEngine, movedWith, type ToEngine } from './messages.js';
import type { RunContext, Task } from './task.js';

/** How many worker threads there can be: a core each on the CPU, none beside the one that asks elsewhere. */
export function maxWorkerThreads(): number {
  return isMainThread && chosenDevice().name === 'cpu' ? threads : 1;
}

/** Started when they are first needed, and kept: they do not keep the process alive. */
const started: Worker[] = [];

function workerThread(index: number): Worker {
  const known = started[index];
  if (known) return known;
  const start = isCompiled ? '../process/workerThread.js' : '../process/workerThread.mjs';
  const worker = new Worker(new URL(start, import.meta.url));
  worker.unref();
  worker.once('exit', () => {
    if (started[index] === worker) delete started[index];
  });
  started[index] = worker;
  return worker;
}

/** Worker threads run one task at a time, like the process that has them. */
let lastRun: Promise<unknown> = Promise.resolve();

/**
 * Runs a task on each input, the first in the first worker thread and so on, and waits for all of them.
 * @param task one of those that `process/workerThread.ts` lists; `Of` says what that task takes and gives.
 * @throws what the first task that fails throws, once the others have stopped; EngineCrashed when a worker thread ends.
 */
export function runInWorkerThreads<Of extends Task>(
  task: string,
  inputs: readonly Of['input'][],
  context: RunContext,
): Promise<Of['output'][]> {
  const run = lastRun.then(() => runTogether<Of>(task, inputs, context));
  lastRun = run.catch(() => undefined);
  return run;
}

async function runTogether<Of extends Task>(
  task: string,
  inputs: readonly Of['input'][],
  context: RunContext,
): Promise<Of['output'][]> {
  const workers = inputs.map((_, index) => workerThread(index));
  const progress = inputs.map(() => ({ done: 0, total: 0 }));
  const sum = (part: 'done' | 'total'): number => progress.reduce((total, each) => total + each[part], 0);
  let cancelled = false;
  const cancel = (): void => {
    if (cancelled) return;
    cancelled = true;
    for (const worker of workers) post(worker, { kind: 'cancel' });
  };
  const watch = setInterval(() => {
    if (context.isCancelled()) cancel();
  }, 20);
  try {
    const results = await Promise.allSettled(
      workers.map((worker, index) =>
        runInWorkerThread(worker, task, inputs[index], (done, total) => {
          progress[index] = { done, total };
          context.onProgress(sum('done'), sum('total'));
        }).catch((error) => {
          cancel();
          throw error;
        }),
      ),
    );
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    // Threads that were told to stop because another had failed say no more than that.
    if (failures.length > 0) throw failures.find(({ name }) => name !== 'TaskCancelled') ?? failures[0];
    return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  } finally {
    clearInterval(watch);
  }
}

function runInWorkerThread(
  worker: Worker,
  task: string,
  input: unknown,
  onProgress: (done: number, total: number) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit).unref();
      finish();
    };
    const onMessage = (message: FromEngine): void => {
      if (message.kind === 'progress') onProgress(message.done, message.total);
      else if (message.kind === 'finished') settle(() => resolve(message.output));
      else settle(() => reject(errorFrom(message)));
    };
    const onError = (error: Error): void => settle(() => reject(crash(task, error.message)));
    const onExit = (code: number): void => settle(() => reject(crash(task, `exit code ${code}`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit).ref();
    post(worker, { kind: 'run', task, input });
  });
}

function post(worker: Worker, message: ToEngine): void {
  worker.postMessage(message, message.kind === 'run' ? movedWith(message.input) : []);
}

function crash(task: string, reason: string): EngineCrashed {
  return new EngineCrashed(`a worker thread of the engine ended during ${task}: ${reason}`);
}
