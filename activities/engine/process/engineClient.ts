/**
 * The engine as activities see it. It starts the engine process, when there is work or before, and sends it one task at a time. When the
 * process dies, only the running task fails; the next task gets a new process. When the process hangs, it is replaced, and the
 * task begins again.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { moduleAt } from '../../compiled.js';
import { EngineCrashed, TaskCancelled } from '../../errors.js';
import type { Log } from '../../log.js';
import { forkModule } from '../ort/forkModule.js';
import type { EngineTasks, TaskName } from '../tasks/index.js';
import { errorFrom, type FromEngine, type ToEngine } from '../threads/messages.js';
import { frozenSeconds, watchForHang } from './hang.js';

export interface TaskContext {
  /** Called from time to time: so much of the task's work is done, of so much in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Cancels the task. */
  readonly signal?: AbortSignal;
}

export interface Engine {
  /**
   * Runs a task when those before it have ended.
   * @throws what the task throws; EngineCrashed when the process dies, or one after the other hangs; the signal's reason, or
   * TaskCancelled after `close`.
   */
  run<Name extends TaskName>(
    task: Name,
    input: EngineTasks[Name]['input'],
    context?: TaskContext,
  ): Promise<EngineTasks[Name]['output']>;
  /** Starts its process ahead of use; without it the first task waits the second that this takes. */
  warmUp(): void;
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
  /** Nothing more is expected of it. */
  forget(): void;
}

/** The engine process hangs. It may be one that not even SIGKILL ends: whoever notices forgets it. */
class EngineHung extends EngineCrashed {}

/** How long the end of a killed process is waited for. */
const endMs = 5_000;

/** Processes that a task is begun in, each given twice the patience of the last: then its machine is at fault. */
const mostHangs = 4;

/**
 * An engine with a process of its own, which `warmUp` or its first task starts in this environment. REFT_DEVICE names its device.
 * @param log told of each process's start, and of its death during a task
 * @param patience seconds without processor time after which a process hangs
 */
export function createEngine(
  environment: NodeJS.ProcessEnv = process.env,
  log?: Log,
  patience = frozenSeconds,
): EngineClient {
  let engine: EngineProcess | undefined;
  let lastTask: Promise<unknown> = Promise.resolve();
  let closed = false;

  function current(): EngineProcess {
    if (engine !== undefined) return engine;
    const forget = (): void => {
      if (engine === started) engine = undefined;
    };
    const started = startProcess(environment, forget);
    const { child } = started;
    log?.('info', 'engine process started', { pid: child.pid });
    child.once('exit', forget).once('error', forget);
    engine = started;
    return started;
  }

  /** The same task gives the same again, so it may begin again in another process. */
  async function runThroughHangs<Name extends TaskName>(
    task: Name,
    input: EngineTasks[Name]['input'],
    context: TaskContext,
  ): Promise<EngineTasks[Name]['output']> {
    for (let hangs = 1; ; hangs++) {
      try {
        return await runTask(current(), task, input, context, patience * 2 ** (hangs - 1));
      } catch (error) {
        if (!(error instanceof EngineHung) || closed || hangs === mostHangs) throw error;
        context.signal?.throwIfAborted();
        log?.('warn', 'engine process hangs; another begins its task again', { task, reason: error.message });
      }
    }
  }

  return {
    run(task, input, context = {}) {
      const result = lastTask.then(() => {
        if (closed) throw new TaskCancelled('the engine is closed');
        context.signal?.throwIfAborted();
        return runThroughHangs(task, input, context).catch((error) => {
          if (error instanceof EngineCrashed && !closed)
            log?.('warn', 'engine process ended; the next task starts another', { task });
          throw closed ? new TaskCancelled('the engine was closed', { cause: error }) : error;
        });
      });
      lastTask = result.catch(() => {});
      return result;
    },

    warmUp() {
      if (!closed) current();
    },

    async close() {
      closed = true;
      const child = engine?.child;
      if (child === undefined) return;
      // Files are renamed when complete, so the process may be killed at any time.
      child.kill('SIGKILL');
      await once(child, 'exit', { signal: AbortSignal.timeout(endMs) }).catch(() => leave(child));
    },

    processId: () => engine?.child.pid,
  };
}

function startProcess(environment: NodeJS.ProcessEnv, forget: () => void): EngineProcess {
  const child = forkModule(moduleAt('./engineProcess', import.meta.url), environment);
  const engine: EngineProcess = { child, stderr: '', forget };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    engine.stderr = (engine.stderr + text).slice(-keptStderrCharacters);
  });
  return engine;
}

/** Sends one task and waits for its end, or for the process's. One that hangs is killed. */
function runTask<Name extends TaskName>(
  engine: EngineProcess,
  task: Name,
  input: EngineTasks[Name]['input'],
  { onProgress, signal }: TaskContext,
  patience: number,
): Promise<EngineTasks[Name]['output']> {
  const { child } = engine;
  engine.stderr = '';
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      watch?.stop();
      child.off('message', onMessage);
      child.off('close', onClose);
      child.off('error', onClose);
      signal?.removeEventListener('abort', cancel);
      finish();
    };
    const onMessage = (message: FromEngine): void => {
      watch?.heard();
      if (message.kind === 'progress') onProgress?.(message.done, message.total);
      else if (message.kind === 'finished') settle(() => resolve(message.output as EngineTasks[Name]['output']));
      else if (signal?.aborted && message.name === 'TaskCancelled') settle(() => reject(signal.reason));
      else settle(() => reject(errorFrom(message)));
    };
    // `close` comes after `exit`, when standard error has been read to its end.
    const onClose = (): void => settle(() => reject(crash(engine, task)));
    const cancel = (): void => post(child, { kind: 'cancel' });
    const onHang = (reason: string): void => {
      engine.forget();
      leave(child);
      settle(() => reject(new EngineHung(`the engine process hung during ${task}: ${reason}`)));
    };
    const watch = child.pid === undefined ? undefined : watchForHang(child.pid, patience, onHang);

    child.on('message', onMessage);
    child.on('close', onClose);
    child.on('error', onClose);
    signal?.addEventListener('abort', cancel);
    post(child, { kind: 'run', task, input });
  });
}

/** Kills a process without waiting for its end, which may never come: a stuck driver can hold it. */
function leave(child: ChildProcess): void {
  child.kill('SIGKILL');
  if (child.connected) child.disconnect();
  child.stderr?.destroy();
  child.unref();
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
