/**
 * The engine as activities see it. It starts the engine process when there is work and sends it one task at a time. When the
 * process dies, only the running task fails; the next task gets a new process.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { EngineCrashed, TaskCancelled } from '../../errors.js';
import type { Log } from '../../log.js';
import { forkModule } from '../ort/forkModule.js';
import type { EngineTasks, TaskName } from '../tasks/index.js';
import { errorFrom, type FromEngine, type ToEngine } from '../threads/messages.js';

export interface TaskContext {
  /** Called from time to time: so much of the task's work is done, of so much in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Cancels the task. */
  readonly signal?: AbortSignal;
}

export interface Engine {
  /**
   * Runs a task when those before it have ended.
   * @throws what the task throws; EngineCrashed when the process dies; the signal's reason, or TaskCancelled after `close`.
   */
  run<Name extends TaskName>(
    task: Name,
    input: EngineTasks[Name]['input'],
    context?: TaskContext,
  ): Promise<EngineTasks[Name]['output']>;
  close(): Promise<void>;
}

/** How much of the end of the process's standard error an error message carries. */
const keptStderrCharacters = 2_000;

export interface EngineClient extends Engine {
  /** The engine process's id while there is one. */
  processId(): number | undefined;
}

interface EngineProcess {
  readonly child: ChildProcess;
  /** The end of its standard error during the task. */
  stderr: string;
}

/**
 * An engine with a process of its own, which its first task starts in this environment. REFT_DEVICE names its device.
 * @param log told of each process's start, and of its death during a task
 */
export function createEngine(environment: NodeJS.ProcessEnv = process.env, log?: Log): EngineClient {
  let engine: EngineProcess | undefined;
  let lastTask: Promise<unknown> = Promise.resolve();
  let closed = false;

  function current(): EngineProcess {
    if (engine !== undefined) return engine;
    const started = startProcess(environment);
    const { child } = started;
    log?.('info', 'engine process started', { pid: child.pid });
    const forget = (): void => {
      if (engine === started) engine = undefined;
    };
    child.once('exit', forget).once('error', forget);
    engine = started;
    return started;
  }

  return {
    run(task, input, context = {}) {
      const result = lastTask.then(() => {
        if (closed) throw new TaskCancelled('the engine is closed');
        context.signal?.throwIfAborted();
        return runTask(current(), task, input, context).catch((error) => {
          if (error instanceof EngineCrashed && !closed)
            log?.('warn', 'engine process ended; the next task starts another', { task });
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
      // Files are renamed when complete, so the process may be killed at any time.
      child.kill('SIGKILL');
      await once(child, 'exit');
    },

    processId: () => engine?.child.pid,
  };
}

function startProcess(environment: NodeJS.ProcessEnv): EngineProcess {
  const child = forkModule(new URL('./engineProcess.ts', import.meta.url), environment);
  const engine: EngineProcess = { child, stderr: '' };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    engine.stderr = (engine.stderr + text).slice(-keptStderrCharacters);
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
  engine.stderr = '';
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

function crash({ child, stderr }: EngineProcess, task: TaskName): EngineCrashed {
  const how = child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
  const written = stderr.trim();
  return new EngineCrashed(
    `the engine process ended with ${how} during ${task}${written === '' ? '' : `; it wrote: ${written}`}`,
  );
}
