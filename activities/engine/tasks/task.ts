/** What a task of the engine is given beside its input, and what it tells of its work. */
import type { EngineTasks, TaskName } from './index.js';

export interface EngineWork {
  readonly seconds: number;
  readonly forwardTokens: number;
  readonly backwardTokens: number;
  readonly generatedTokens: number;
}

/** What a running task reports to, and asks from time to time. */
export interface RunContext {
  readonly onProgress: (done: number, total: number) => void;
  readonly isCancelled: () => boolean;
}

/** A task's implementation, run inside the engine process. */
export type TaskFunction<Name extends TaskName> = (
  input: EngineTasks[Name]['input'],
  context: RunContext,
) => Promise<EngineTasks[Name]['output']>;
