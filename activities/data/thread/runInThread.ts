/**
 * Runs work that would hold up this thread in one of its own, so that heartbeats and other activities go on. The thread is started for
 * the work and ended with it: what the work took of memory is given back.
 */
import { Worker } from 'node:worker_threads';
import { isCompiled } from '../../compiled.js';
import { InsufficientMemory, InternalError } from '../../errors.js';
import { errorOf, type FromThread, failureOf, type ToThread } from './messages.js';

/** What the thread may ask of this one, by name. */
export type Services = Readonly<Record<string, (input: never) => Promise<unknown>>>;

export interface ThreadOptions<In, Given extends Services> {
  /** The module that the thread runs: it calls `serveThread`. */
  readonly module: URL;
  readonly input: In;
  readonly services: Given;
  /** Of JavaScript's heap in the thread. */
  readonly megabytes: number;
  readonly onProgress: (done: number, total: number, unit: string) => void;
  /** Ends the thread at once. */
  readonly signal: AbortSignal;
}

/**
 * @throws what the work throws, by name and message; InsufficientMemory when it outgrows its heap; the signal's reason once aborted.
 */
export async function runInThread<In, Out, Given extends Services>(options: ThreadOptions<In, Given>): Promise<Out> {
  const { module, input, services, megabytes, onProgress, signal } = options;
  signal.throwIfAborted();
  const thread = new Worker(isCompiled ? module : new URL('start.mjs', import.meta.url), {
    workerData: { module: module.href, input },
    resourceLimits: { maxOldGenerationSizeMb: megabytes },
  });
  const answer = async ({ call, service, input: asked }: FromThread & { readonly kind: 'call' }): Promise<void> => {
    const post = (message: ToThread): void => thread.postMessage(message);
    try {
      const serve = services[service];
      if (serve === undefined) throw new InternalError(`a thread asks for ${service}, which it is not given`);
      // The types of `Services` tie the two sides together; a message has lost that.
      post({ kind: 'answer', call, output: await serve(asked as never) });
    } catch (error) {
      post({ kind: 'refusal', call, ...failureOf(error) });
    }
  };
  let abort: (() => void) | undefined;
  try {
    return await new Promise<Out>((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort);
      thread.on('message', (message: FromThread) => {
        if (message.kind === 'progress') onProgress(message.done, message.total, message.unit);
        else if (message.kind === 'call') void answer(message);
        else if (message.kind === 'finished') resolve(message.output as Out);
        else reject(errorOf(message));
      });
      thread.on('error', (error: NodeJS.ErrnoException) => reject(crash(error, megabytes)));
      thread.on('exit', (code) => reject(new InternalError(`a thread ended early, with code ${code}`)));
    });
  } finally {
    if (abort) signal.removeEventListener('abort', abort);
    await thread.terminate();
  }
}

function crash(error: NodeJS.ErrnoException, megabytes: number): Error {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new InsufficientMemory(`the work needs more than the ${megabytes} MiB of memory that its thread may take`);
}
