/**
 * The engine as activities see it: starts the engine process when there is work, hands it one task at a time, and turns its
 * death into an error of the running task alone. The next task gets a fresh process.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { EngineCrashed, TaskCancelled } from '../../errors.js';
import { forkModule } from '../ort/forkModule.js';
import type { EngineTasks, TaskName } from '../tasks/index.js';
import { errorFrom, type FromEngine, type ToEngine } from '../threads/messages.js';
import type { Engine, TaskContext } from './engine.js';

/** As much of the process's last words as an error message carries. */
const keptStderrCharacters = 2_000;

export interface EngineClient extends Engine {
  /** The engine process's id while there is one. */
  processId(): number | undefined;
}

interface EngineProcess {
  readonly child: ChildProcess;
  /** The end of what the process wrote to its standard error during the task. */
  lastWords: string;
}

/** An engine with a process of its own, started by its first task in this environment: REFT_DEVICE names its device. */
export function createEngine(environment: NodeJS.ProcessEnv = process.env): EngineClient {
  let engine: EngineProcess | undefined;
  let lastTask: Promise<unknown> = Promise.resolve();
  let closed = false;

  function current(): EngineProcess {
    if (engine !== undefined) return engine;
    const started = startProcess(environment);
    const forget = (): void => {
      if (engine === started) engine = undefined;
    };
    started.child.once('exit', forget).once('error', forget);
    engine = started;
    return started;
  }

  return {
    run(task, input, context = {}) {
      const result = lastTask.then(() => {
        if (closed) throw new TaskCancelled('the engine is closed');
        context.signal?.throwIfAborted();
        return runTask(current(), task, input, context).catch((error) => {
          throw closed ? new TaskCancelled('the engine was closed', { cause: error }) : error;
        });
      });
      lastTask = result.catch(() => {});
      return result;
    },

    async close() {
      closed = true;
      const child = engine?.child;
      if (child === undefined) return;
      // Files are renamed into place when complete, so there is nothing to finish.
      child.kill('SIGKILL');
      await once(child, 'exit');
    },

    processId: () => engine?.child.pid,
  };
}

function startProcess(environment: NodeJS.ProcessEnv): EngineProcess {
  const child = forkModule(new URL('./engineProcess.ts', import.meta.url), environment);
  const engine: EngineProcess = { child, lastWords: '' };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    engine.lastWords = (engine.lastWords + text).slice(-keptStderrCharacters);
  });
  return engine;
}

/** Sends one task and waits for its end, or for the process's. */
function runTask<Name extends TaskName>(
  engine: EngineProcess,
  task: Name,
  input: EngineTasks[Name]['input'],
  { onProgress, signal }: TaskContext,
): Promise<EngineTasks[Name]['output']> {
  const { child } = engine;
  engine.lastWords = '';
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      child.off('message', onMessage);
      child.off('close', onClose);
      child.off('error', onClose);
      signal?.removeEventListener('abort', cancel);
      finish();
    };
    const onMessage = (message: FromEngine): void => {
      if (message.kind === 'progress') onProgress?.(message.done, message.total);
      else if (message.kind === 'finished') settle(() => resolve(message.output as EngineTasks[Name]['output']));
      else if (signal?.aborted && message.name === 'TaskCancelled') settle(() => reject(signal.reason));
      else settle(() => reject(errorFrom(message)));
    };
    // `close` comes after `exit`, when standard error has been read to its end.
    const onClose = (): void => settle(() => reject(crash(engine, task)));
    const cancel = (): void => post(child, { kind: 'cancel' });

    child.on('message', onMessage);
    child.on('close', onClose);
    child.on('error', onClose);
    signal?.addEventListener('abort', cancel);
    post(child, { kind: 'run', task, input });
  });
}

function post(child: ChildProcess, message: ToEngine): void {
  // A message to a process that is dying is lost; its `close` event tells the task.
  child.send(message, () => {});
}

function crash({ child, lastWords }: EngineProcess, task: TaskName): EngineCrashed {
  const how = child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
  const words = lastWords.trim();
  return new EngineCrashed(
    `the engine process ended with ${how} during ${task}${words === '' ? '' : `; it wrote: ${words}`}`,
  );
}
