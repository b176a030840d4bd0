/** The inside of a thread that `runInThread.ts` starts: it does one piece of work, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { required } from '../../invariant.js';
import { errorOf, type FromThread, failureOf, type ToThread } from './messages.js';
import type { Services } from './runInThread.js';

/** Progress is for people: a few messages a second are enough. */
const progressEveryMilliseconds = 200;

export interface ThreadContext<Given extends Services> {
  readonly onProgress: (done: number, total: number, unit: string) => void;
  /** Has the other side do something. */
  readonly ask: <Name extends keyof Given & string>(
    service: Name,
    input: Parameters<Given[Name]>[0],
  ) => ReturnType<Given[Name]>;
}

/** Does `work` with what the thread was started with, and tells the other side what comes of it. */
export async function serveThread<In, Given extends Services>(
  work: (input: In, context: ThreadContext<Given>) => Promise<unknown>,
): Promise<void> {
  const port = required(parentPort, 'the port of a thread');
  const send = (message: FromThread): void => port.postMessage(message);
  const waiting = new Map<number, { resolve(output: unknown): void; reject(error: Error): void }>();
  let calls = 0;
  const ask = (service: string, input: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const call = calls++;
      waiting.set(call, { resolve, reject });
      send({ kind: 'call', call, service, input });
    });
  port.on('message', (message: ToThread) => {
    const { resolve, reject } = required(waiting.get(message.call), 'a call that is answered');
    waiting.delete(message.call);
    if (message.kind === 'answer') resolve(message.output);
    else reject(errorOf(message));
  });
  let reportedAt = 0;
  const onProgress = (done: number, total: number, unit: string): void => {
    const now = performance.now();
    if (now - reportedAt < progressEveryMilliseconds) return;
    reportedAt = now;
    send({ kind: 'progress', done, total, unit });
  };
  try {
    // What a service gives is the other side's to keep to: a message has lost its type.
    const output = await work(workerData.input, { onProgress, ask: ask as ThreadContext<Given>['ask'] });
    send({ kind: 'finished', output });
  } catch (error) {
    send({ kind: 'failed', ...failureOf(error) });
  }
}
